import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { damaged } from "../repository/errors.ts";
import { fileNode, folderNode } from "../repository/testing.ts";
import type { BlobLocation, TreeNode } from "../repository/types.ts";
import type { Restorable } from "../restore/restorable.ts";
import { tarStream } from "./tar.ts";
import { noHeader } from "./tar-header.ts";

// GNU tar is the judge.

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-tar-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const mebibyte = 1024 * 1024;
const partOf = (id: string, size: number): BlobLocation => ({
  ...{ id, type: "data", pack: `pack of ${id}`, offset: 0, length: size, plainLength: size, compressed: false },
});

/** Files of parts of so many bytes, and folders that are damaged where they are named `lost`. */
interface Tree {
  readonly [name: string]: readonly number[] | Tree;
}
interface Wrong {
  readonly part?: string;
  readonly missing?: string;
}

function sourceOf(root: Tree, { part, missing }: Wrong): Restorable {
  const trees = new Map<string, TreeNode[]>();
  const add = (id: string, tree: Tree): void => {
    const nodes = Object.entries(tree).map(([name, content]) => {
      if (!isFile(content)) {
        add(`${id}/${name}`, content);
        return folderNode(name, `${id}/${name}`);
      }
      const ids = content.map((_, at) => `${name}${at}`);
      return fileNode(
        name,
        ids,
        content.reduce((sum, size) => sum + size, 0),
      );
    });
    trees.set(id, nodes);
    for (const [name, content] of Object.entries(tree)) {
      if (isFile(content))
        for (const [at, size] of content.entries()) parts.set(`${name}${at}`, partOf(`${name}${at}`, size));
    }
  };
  const parts = new Map<string, BlobLocation>();
  add("root", root);
  return {
    async readTree(id) {
      const nodes = trees.get(id);
      if (!nodes || id.endsWith("lost")) throw damaged(`The folder ${id} is damaged.`);
      return nodes;
    },
    locate(_, { name, content = [], size }) {
      if (name.toString() === missing) return { damage: "it is in no index" };
      return { parts: content.flatMap((id) => parts.get(id) ?? []), size };
    },
    async *readParts(_, locations) {
      for (const location of locations) {
        if (location.id === part) yield { location, error: damaged("bad blob") };
        else yield { location, plaintext: Buffer.alloc(location.plainLength, location.id) };
      }
    },
  };
}

const isFile = (content: readonly number[] | Tree): content is readonly number[] => Array.isArray(content);

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
  const { status, stderr } = spawnSync("tar", ["-x", "-C", folder], { input: bytes, encoding: "utf8" });
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
    ["behind many windows", { ...many, z: { lost: { a: [1] } } }, {}, Object.keys(many)],
  ])("cut off %s is not whole to tar", async (_, tree, wrong, whole) => {
    const { bytes, error } = await archiveOf(tree, wrong);
    expect(error?.message).toMatch(/cannot be read|is damaged/);
    const { status, stderr, files: found } = extract(bytes);
    expect(status, stderr).toBe(2);
    for (const name of whole) {
      const [size = 0] = tree[name] as readonly number[];
      expect(found[name]?.equals(Buffer.alloc(size, `${name}0`)), name).toBe(true);
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
