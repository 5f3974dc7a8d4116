import { expect, test } from "vitest";
import { partBytes } from "./layout.ts";
import { sentBytesOf } from "./upload-large.ts";

const gibibyte = 2 ** 30;

test.each([
  ["a part and a byte", partBytes + 1, partBytes],
  ["the most that 10,000 parts hold", partBytes * 10_000, partBytes],
  ["one byte more", partBytes * 10_000 + 1, 2 * partBytes],
  ["a terabyte", 1024 * gibibyte, 14 * partBytes],
  ["the longest object of S3", 5 * 1024 * gibibyte, 66 * partBytes],
])("%s is sent in whole parts of the file, and never in more than S3 takes", (_, size, expected) => {
  expect(sentBytesOf(size)).toBe(expected);
  expect(Math.ceil(size / sentBytesOf(size))).toBeLessThanOrEqual(10_000);
});
