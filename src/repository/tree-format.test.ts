import { constants } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeTree, encodeTree, TooManyEntries } from "./tree-format.ts";
import type { TreeNode } from "./types.ts";

const id = "a".repeat(64);
const file: TreeNode = {
  name: Buffer.from("file"),
  type: "file",
  mode: 0o644,
  mtime: 1_500_000_000_123_000_000n,
  atime: 1_500_000_000_123_000_000n,
  ctime: 1_500_000_001_000_000_000n,
  uid: 1000,
  gid: 70_000,
  inode: 42n,
  deviceId: 0n,
  size: 3,
  links: 1,
  device: 0n,
  content: [id],
};

describe("encodeTree", () => {
  test("writes the fields in restic's order, and the newline", () => {
    expect(encodeTree([file]).toString()).toBe(
      `{"nodes":[{"name":"file","type":"file","mode":420,"mtime":"2017-07-14T02:40:00.123Z","atime":"2017-07-14T02:40:00.123Z",` +
        `"ctime":"2017-07-14T02:40:01Z","uid":1000,"gid":70000,"inode":42,"size":3,"links":1,"content":["${id}"]}]}\n`,
    );
  });

  test("writes null for the content of everything but files, and an empty list for empty files", () => {
    const { content: _, ...rest } = file;
    expect(encodeTree([{ ...rest, type: "dir", size: 0, subtree: id }]).toString()).toContain(
      `"content":null,"subtree":"${id}"}`,
    );
    expect(encodeTree([{ ...file, size: 0, content: [] }]).toString()).toContain(`"links":1,"content":[]}`);
  });

  test("sorts by bytes, which is not how JavaScript sorts", () => {
    const names = ["\u{1f600}", "\uff5e", "a", "B"];
    const tree = decodeTree(encodeTree(names.map((name) => ({ ...file, name: Buffer.from(name) }))), "a tree");
    expect(tree.map(({ name }) => name.toString())).toEqual(["B", "a", "\uff5e", "\u{1f600}"]);
  });

  test("escapes what Go escapes", () => {
    const json = encodeTree([{ ...file, name: Buffer.from("<a&b>\n") }]).toString();
    expect(json).toContain(String.raw`"name":"\u003ca\u0026b\u003e\\n"`);
  });

  test("keeps a link target that is not UTF-8", () => {
    const target = Buffer.from("ff2f78", "hex");
    const link: TreeNode = { ...file, type: "symlink", linkTarget: target };
    expect(decodeTree(encodeTree([link]), "a tree")[0]?.linkTarget).toEqual(target);
  });
});

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const time = fc.bigInt({ min: -(10n ** 19n), max: 10n ** 20n });
const uint32 = fc.nat(0xffff_ffff);
const name = fc
  .uint8Array({ minLength: 1, maxLength: 255 })
  .map((bytes) => Buffer.from(bytes))
  .filter(
    (bytes) => !bytes.includes(0) && !bytes.includes(0x2f) && !["", ".", ".."].includes(bytes.toString("latin1")),
  );
const ids = fc.array(
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString("hex")),
  { maxLength: 4 },
);
const common = {
  name,
  mode: uint32,
  mtime: time,
  atime: time,
  ctime: time,
  uid: uint32,
  gid: uint32,
  inode: uint64,
  deviceId: uint64,
  links: uint32,
};
/** As a file system gives them: no name occurs twice. */
const attributes = fc.uniqueArray(
  fc.record({ name: fc.string(), value: fc.uint8Array().map((bytes) => Buffer.from(bytes)) }),
  { minLength: 1, maxLength: 3, selector: (each) => each.name },
);
const node: fc.Arbitrary<TreeNode> = fc.oneof(
  fc.record({
    ...common,
    type: fc.constant("file" as const),
    size: fc.maxSafeNat(),
    device: fc.constant(0n),
    content: ids,
    extendedAttributes: attributes,
  }),
  fc.record({
    ...common,
    type: fc.constant("symlink" as const),
    size: fc.constant(0),
    device: fc.constant(0n),
    linkTarget: name,
  }),
  fc.record({ ...common, type: fc.constant("dev" as const), size: fc.constant(0), device: uint64 }),
);

test("reads back any tree it wrote", () => {
  const nodes = fc.uniqueArray(node, { maxLength: 8, selector: (each) => each.name.toString("hex") });
  fc.assert(
    fc.property(nodes, (tree) => {
      const sorted = tree.toSorted((a, b) => Buffer.compare(a.name, b.name));
      expect(decodeTree(encodeTree(tree), "a tree")).toEqual(sorted);
    }),
  );
});

test("writes no list that nobody could read", () => {
  const other = { ...file, name: Buffer.from("other") };
  expect(() => encodeTree([file, other, file])).toThrow("two entries named file");
  // As long as 1.6 million files make it.
  const long = "x".repeat(constants.MAX_STRING_LENGTH / 5);
  const many = Array.from({ length: 6 }, (_, number) => ({ ...file, name: Buffer.from(`${number}`), user: long }));
  expect(() => encodeTree(many)).toThrow(TooManyEntries);
});

describe("decodeTree", () => {
  const json = (node: object): Buffer => Buffer.from(JSON.stringify({ nodes: [node] }));
  const good = { name: "x", type: "file", mtime: "2026-01-01T00:00:00Z", uid: 0, gid: 0, content: null };

  test("reads numbers of 64 bits exactly, also in a name that looks like one", () => {
    const bytes = Buffer.from(
      `{"nodes":[{"name":"\\"inode\\":12345678901234567890","type":"file","inode":18446744073709551615,"size":9007199254740991,"content":[]}]}`,
    );
    // The name is JSON here; in restic's own quoting its quotes have a backslash more.
    expect(() => decodeTree(bytes, "a tree")).toThrow("impossible name");
    const quoted = Buffer.from(bytes.toString().replaceAll('\\"', '\\\\\\"'));
    const [read] = decodeTree(quoted, "a tree");
    expect(read?.name.toString()).toBe('"inode":12345678901234567890');
    expect(read?.inode).toBe(2n ** 64n - 1n);
    expect(read?.size).toBe(Number.MAX_SAFE_INTEGER);
  });

  test("keeps fields it does not know", () => {
    const [read] = decodeTree(json({ ...good, generic_attributes: { "windows.x": 1 } }), "a tree");
    expect(read?.unknown).toEqual({ generic_attributes: { "windows.x": 1 } });
    expect(encodeTree(read ? [read] : []).toString()).toContain(`"generic_attributes":{"windows.x":1}`);
  });

  test.each(["", ".", "..", "a/b", "../../etc/passwd", "nul\\x00"])(
    "refuses the name %j, which would lead elsewhere",
    (bad) => {
      expect(() => decodeTree(json({ ...good, name: bad }), "the tree")).toThrow(
        /the tree has an entry with the impossible name/,
      );
    },
  );

  test.each([
    ["no type", { type: "hole" }],
    ["a negative size", { size: -1 }],
    ["a fractional uid", { uid: 1.5 }],
    ["a content that is no id", { content: ["../config"] }],
    ["a folder without tree", { type: "dir" }],
    ["a link without target", { type: "symlink" }],
    ["a time that is none", { mtime: "soon" }],
    ["an attribute that is none", { extended_attributes: [3] }],
    ["a huge inode", { inode: "99999999999999999999" }],
  ])("refuses %s", (_, change) => {
    expect(() => decodeTree(json({ ...good, ...change }), "the tree")).toThrow(/the tree/);
  });

  test("refuses two entries of one name, and what is no tree", () => {
    expect(() => decodeTree(Buffer.from(JSON.stringify({ nodes: [good, good] })), "the tree")).toThrow(
      /two entries named x/,
    );
    for (const text of ["", "null", "[]", '{"nodes":{}}', '{"nodes":[1]}', "{"]) {
      expect(() => decodeTree(Buffer.from(text), "the tree"), text).toThrow(/the tree/);
    }
  });

  test("takes Go's null for no entries", () => {
    expect(decodeTree(Buffer.from('{"nodes":null}'), "the tree")).toEqual([]);
  });
});
