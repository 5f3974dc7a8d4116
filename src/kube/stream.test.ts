import { expect, it } from "vitest";
import { readLines } from "./stream.ts";

async function* pieces(...texts: readonly (string | Buffer)[]) {
  for (const text of texts) yield typeof text === "string" ? Buffer.from(text) : text;
}

it("joins lines and characters that are split over chunks", async () => {
  const euro = Buffer.from("€");
  const lines = await Array.fromAsync(readLines(pieces("on", "e\ntwo\n\nth", euro.subarray(0, 1), euro.subarray(1))));
  expect(lines).toEqual(["one", "two", "", "th€"]);
});

it("gives nothing for nothing", async () => {
  expect(await Array.fromAsync(readLines(pieces()))).toEqual([]);
});
