import { describe, expect, it } from "vitest";
import { locate } from "../browse/locate.ts";
import { pathOfParts, shownPath } from "../browse/paths.ts";
import { fileNode, folderNode } from "../repository/testing.ts";
import type { Snapshot, TreeNode } from "../repository/types.ts";
import { partsOf } from "./find-given.ts";
import type { Restorable } from "./restorable.ts";
import { select } from "./selection.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");
const named = (name: Buffer): TreeNode => ({ ...fileNode("", [], 1), name });

/** A snapshot of `paths` with these trees; the first is its root. */
function source(paths: readonly string[], trees: Readonly<Record<string, readonly TreeNode[]>>) {
  const repository = { readTree: async (id: string) => trees[id] ?? [] } as unknown as Restorable;
  const snapshot: Snapshot = { id: "a".repeat(64), time: "", tree: Object.keys(trees)[0] ?? "", paths };
  return { repository, snapshot };
}

const inData = {
  data: [folderNode("data", "inner"), fileNode("x", [], 1), named(bytes("no\xfftext")), named(bytes("a\nb"))],
  inner: [fileNode("x", [], 2), fileNode("y", [], 3)],
};
const sources = {
  "/data with a folder data in it": source(["/data"], { root: [folderNode("data", "data")], ...inData }),
  "/data without a folder data in it": source(["/data"], {
    root: [folderNode("data", "inner")],
    inner: inData.inner,
  }),
  "data, which restic recorded as /home/ann/data": source(["/home/ann/data"], {
    root: [folderNode("data", "data")],
    ...inData,
  }),
  "several paths": source(["/data", "/etc"], {
    root: [folderNode("data", "data"), folderNode("etc", "inner")],
    ...inData,
  }),
  "one file": source(["/data/x"], { root: [folderNode("data", "one")], one: [fileNode("x", [], 1)] }),
};

describe.each<[keyof typeof sources, string, shown: string | undefined, included: string | "everything" | undefined]>([
  ["/data with a folder data in it", "/data/x", "/data/x", "/x"],
  ["/data with a folder data in it", "/data/data/x", "/data/data/x", "/data/x"],
  ["/data with a folder data in it", "/data/y", "/data/data/y", "/data/y"],
  ["/data with a folder data in it", "data/x", "/data/data/x", "/data/x"],
  ["/data with a folder data in it", "x", "/data/x", "/x"],
  ["/data with a folder data in it", "/x", "/data/x", "/x"],
  ["/data with a folder data in it", "/data", "/data", "everything"],
  ["/data with a folder data in it", "data", "/data/data", "/data"],
  ["/data with a folder data in it", "data/data/x", "/data/data/x", "/data/x"],
  ["/data with a folder data in it", '"/data/no\\xfftext"', '"/data/no\\xfftext"', '"/no\\xfftext"'],
  ["/data with a folder data in it", '"no\\xfftext"', '"/data/no\\xfftext"', '"/no\\xfftext"'],
  ["/data with a folder data in it", '"/data/a\\nb"', '"/data/a\\nb"', '"/a\\nb"'],
  ["/data with a folder data in it", "z", undefined, undefined],
  ["/data with a folder data in it", "/data/z", undefined, undefined],
  ["/data without a folder data in it", "/data", "/data", "everything"],
  ["/data without a folder data in it", "data", undefined, undefined],
  ["/data without a folder data in it", "data/y", "/data/y", "/y"],
  ["data, which restic recorded as /home/ann/data", "home", undefined, undefined],
  ["data, which restic recorded as /home/ann/data", "home/ann/data", undefined, undefined],
  ["data, which restic recorded as /home/ann/data", "/home/ann/data", "/data", "everything"],
  ["data, which restic recorded as /home/ann/data", "/home/ann/data/x", "/data/x", "/x"],
  ["data, which restic recorded as /home/ann/data", "/data/x", "/data/x", "/x"],
  ["data, which restic recorded as /home/ann/data", "data/x", "/data/data/x", "/data/x"],
  ["several paths", "/etc/y", "/etc/y", "/etc/y"],
  ["several paths", "etc/y", "/etc/y", "/etc/y"],
  ["several paths", "y", undefined, undefined],
  ["one file", "/data/x", "/data/x", "/x"],
  ["one file", "x", "/data/x", "/x"],
])("of %s: %s", (from, path, shown, included) => {
  const { repository, snapshot } = sources[from];

  it(`is ${shown} to ls and dump`, async () => {
    const located = locate(repository, snapshot, path);
    if (shown === undefined) return expect(located).rejects.toMatchObject({ reason: "PathNotFound" });
    expect(shownPath(pathOfParts((await located).parts))).toBe(shown);
  });

  it(`is ${included}, below the target, to restore --include`, async () => {
    const selected = select(repository, snapshot, { include: [path] });
    if (included === undefined) return expect(selected).rejects.toMatchObject({ reason: "InvalidConfiguration" });
    const { only } = await selected;
    expect(only ? only.map((parts) => shownPath(pathOfParts(parts))) : "everything").toEqual(
      included === "everything" ? included : [included],
    );
  });
});

it.each(["", ".", "/", '""'])("«%s» includes nothing, and is refused", async (path) => {
  const { repository, snapshot } = sources["/data with a folder data in it"];
  await expect(select(repository, snapshot, { include: [path] })).rejects.toThrow(/is not in snapshot/);
});

describe.each<[keyof typeof sources, string, string | undefined]>([
  ["/data with a folder data in it", "data", "/data"],
  ["/data with a folder data in it", "/data", "/data"],
  ["/data with a folder data in it", "/data/x", "/data/x"],
  ["/data with a folder data in it", "/x", "/x"],
  ["/data with a folder data in it", '"/data/x"', "/data/x"],
  ["/data with a folder data in it", "/data/data/x", undefined],
  ["/data without a folder data in it", "data", undefined],
  ["/data without a folder data in it", "/data", undefined],
  ["/data without a folder data in it", "/data/y", undefined],
  ["/data without a folder data in it", "/", undefined],
  ["data, which restic recorded as /home/ann/data", "/home/ann/data", undefined],
])("of %s, counted from the folder: %s", (from, path, included) => {
  it(`is ${included}`, async () => {
    const { repository, snapshot } = sources[from];
    const selected = select(repository, snapshot, { include: [path], includeFromFolder: true });
    if (included === undefined) return expect(selected).rejects.toMatchObject({ reason: "InvalidConfiguration" });
    expect((await selected).only?.map((parts) => shownPath(pathOfParts(parts)))).toEqual([included]);
  });
});

describe("partsOf", () => {
  it.each([
    ["", []],
    ["/", []],
    ["a/./b//c/", ["a", "b", "c"]],
    ["/..", [".."]],
    ['"', ['"']],
  ])("takes %j apart", (path, parts) => {
    expect(partsOf(path).map(String)).toEqual(parts);
  });
});
