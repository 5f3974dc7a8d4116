import { expect, test } from "vitest";
import { parseNames } from "./owner-names.ts";

test("the first name of each number counts, and what is no entry does not", () => {
  const text =
    "root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:\n\n# a:b:1\n+::::::\nbroken\nnobody:x:65534:65534\nbig:x:4294967294:";
  expect([...parseNames(text)]).toEqual([
    [0, "root"],
    [65534, "nobody"],
    [4294967294, "big"],
  ]);
});
