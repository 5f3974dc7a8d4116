import { mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import { listNames } from "./source.ts";

vi.mock("node:fs", async (importOriginal) => {
  const original = await importOriginal<typeof import("node:fs")>();
  const readdirSync = (...given: Parameters<typeof original.readdirSync>) => {
    const names = original.readdirSync(...given) as unknown as Buffer[];
    return [...names, ...names.map((name) => Buffer.from(name))];
  };
  return { ...original, readdirSync };
});

let scratch: Scratch;
beforeAll(() => {
  scratch = makeScratch();
});
afterAll(() => scratch?.remove());

test("names once what the file system lists twice", () => {
  const folder = scratch.path("folder");
  mkdirSync(folder);
  for (const name of ["b", "a", "ab"]) writeFileSync(`${folder}/${name}`, "");
  expect(listNames(Buffer.from(folder)).map(String)).toEqual(["a", "ab", "b"]);
});
