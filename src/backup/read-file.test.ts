import { readFileSync, statSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import { makeSparse } from "../../test/support/sparse-file.ts";
import { idOf } from "../repository/crypto.ts";
import { closeFile, openFile, readChunks } from "./read-file.ts";

const MiB = 1024 * 1024;
let scratch: Scratch;
beforeAll(() => {
  scratch = makeScratch();
});
afterAll(() => scratch?.remove());

function sparse(name: string, size: number, offsets: readonly number[]): string {
  const path = scratch.path(name);
  makeSparse(path, size, offsets);
  return path;
}

async function chunksOf(path: string): Promise<{ ids: string[]; lengths: number[]; bytesRead: number }> {
  const file = openFile(Buffer.from(path));
  const [ids, lengths]: [string[], number[]] = [[], []];
  let bytesRead = 0;
  for await (const chunk of readChunks(file)) {
    ids.push(idOf(chunk.bytes));
    if (chunk.id) expect(chunk.id).toBe(ids.at(-1));
    lengths.push(chunk.bytes.length);
    bytesRead += chunk.bytesRead;
  }
  closeFile(file);
  return { ids, lengths, bytesRead };
}

describe("the chunks of a sparse file", () => {
  it.each<[string, number, number[]]>([
    ["nothing but a hole", 64 * MiB, []],
    ["a hole that ends between two blocks", 64 * MiB + 13, []],
    ["data at the beginning", 40 * MiB, [0]],
    ["data at the end", 40 * MiB + 5000, [40 * MiB]],
    ["data in the middle of a chunk", 70 * MiB, [20 * MiB + 12_345]],
    ["many short holes", 20 * MiB, Array.from({ length: 300 }, (_, at) => at * 65_536)],
    ["holes that are just as long as a chunk can be", 33 * MiB, [0, 8 * MiB + 8192, 16 * MiB + 16_384]],
    ["a file that is shorter than a chunk", 300_000, [200_000]],
    ["one chunk and a little", 512 * 1024 + 1, []],
  ])("are those of the same bytes: %s", async (name, size, offsets) => {
    const holed = sparse(name, size, offsets);
    const dense = scratch.path(`${name}, dense`);
    writeFileSync(dense, readFileSync(holed));
    expect(statSync(dense).blocks * 512).toBeGreaterThanOrEqual(size);

    const found = await chunksOf(holed);
    const { ids, lengths } = await chunksOf(dense);
    expect(found.lengths).toEqual(lengths);
    expect(found.ids).toEqual(ids);
    if (size > MiB) expect(found.bytesRead).toBeLessThanOrEqual(statSync(holed).blocks * 512);
  });

  it("take no time where a terabyte of nothing is", async () => {
    const file = sparse("terabyte", 1024 * 1024 * MiB, [0]);
    const opened = openFile(Buffer.from(file));
    let length = 0;
    let bytesRead = 0;
    for await (const chunk of readChunks(opened)) {
      length += chunk.bytes.length;
      bytesRead += chunk.bytesRead;
    }
    closeFile(opened);
    expect(length).toBe(1024 * 1024 * MiB);
    expect(bytesRead).toBeLessThan(MiB);
  });

  it("are all of a file that grew since it was opened", async () => {
    const path = sparse("growing", 20 * MiB, []);
    const file = openFile(Buffer.from(path));
    writeFileSync(path, Buffer.alloc(100, 1), { flag: "a" });
    let length = 0;
    for await (const chunk of readChunks(file)) length += chunk.bytes.length;
    closeFile(file);
    expect(length).toBe(20 * MiB + 100);
  });
});
