import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tarStream } from "./tar.ts";
import { noHeader } from "./tar-header.ts";
import { sourceOf, type Tree, untar, type Wrong } from "./testing.ts";

// GNU tar is the judge.

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-tar-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const mebibyte = 1024 * 1024;

async function archiveOf(root: Tree, wrong: Wrong = {}): Promise<{ readonly bytes: Buffer; readonly error?: Error }> {
  const collected: Buffer[] = [];
  const place = { node: undefined, tree: "root", parts: [] };
  const { signal } = new AbortController();
  const stream = tarStream({ source: sourceOf(root, wrong), place, signal, onLeftOut: () => {} });
  try {
    for await (const bytes of stream) collected.push(bytes);
    return { bytes: Buffer.concat(collected) };
  } catch (error) {
    return { bytes: Buffer.concat(collected), error: error as Error };
  }
}

function extract(bytes: Buffer) {
  const { status, stderr } = untar(folder, bytes);
  const sizes = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name))] as const);
  return { status, stderr, files: Object.fromEntries(sizes) };
}

const many = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`f${at + 10}`, [mebibyte]]));
const files: Tree = { a: [700], b: [512], c: [20_000, 20_000], d: [] };

describe("tarStream", () => {
  it("is an archive to its end where nothing is wrong", async () => {
    const { bytes, error } = await archiveOf({ ...files, e: { f: [3] } });
    expect(error).toBeUndefined();
    const { status, stderr, files: found } = extract(bytes);
    expect([status, stderr]).toEqual([0, ""]);
    expect(
      Object.entries(found)
        .map(([name, { length }]) => [name, length])
        .sort(),
    ).toEqual(Object.entries({ a: 700, b: 512, c: 40_000, d: 0, f: 3 }));
    expect(bytes.includes(noHeader().subarray(0, 8))).toBe(false);
  });

  it.each<[string, Tree, Wrong, readonly string[]]>([
    ["before the first entry", { lost: [], a: [3] }, { missing: "lost" }, []],
    ["behind a file that fills its blocks", { b: [512], m: [5] }, { missing: "m" }, ["b"]],
    ["behind one that does not", { a: [700], m: [5] }, { missing: "m" }, ["a"]],
    ["behind an empty one", { d: [], m: [5] }, { missing: "m" }, ["d"]],
    ["behind a folder's own entry", { b: [512], lost: { a: [1] } }, {}, ["b"]],
    ["behind a file that fills a window", { a: Array(16).fill(mebibyte), m: [5] }, { unreachable: "m0" }, ["a"]],
    ["behind many windows", { ...many, z: { lost: { a: [1] } } }, {}, Object.keys(many)],
  ])("cut off %s is not whole to tar", async (_, tree, wrong, whole) => {
    const { bytes, error } = await archiveOf(tree, wrong);
    expect(error?.message).toMatch(/cannot be read|is damaged|does not answer/);
    const { status, stderr, files: found } = extract(bytes);
    expect(status, stderr).toBe(2);
    for (const name of whole) {
      const content = (tree[name] as readonly number[]).map((size, at) => Buffer.alloc(size, `${name}${at}`));
      expect(found[name]?.equals(Buffer.concat(content)), name).toBe(true);
    }
  });

  it.each([
    ["the first part of a file", "c0", 0],
    ["a later part", "c1", 20_000],
  ])("cut off within a content, at %s, is not whole to tar, and nothing is added to it", async (_, part, length) => {
    const { bytes, error } = await archiveOf(files, { part });
    expect(error?.message).toContain("cannot be read: bad blob");
    const { status, stderr, files: found } = extract(bytes);
    expect(status).toBe(2);
    expect(stderr).toContain("Unexpected EOF in archive");
    expect(found.c?.equals(Buffer.alloc(length, "c0").subarray(0, found.c.length))).toBe(true);
    expect(bytes.includes(noHeader().subarray(0, 8))).toBe(false);
    expect(Object.keys(found).sort()).toEqual(["a", "b", "c"]);
  });
});
