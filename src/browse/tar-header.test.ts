import { extract, type Header } from "tar-stream";
import { describe, expect, it } from "vitest";
import { fileNode } from "../repository/testing.ts";
import type { TreeNode } from "../repository/types.ts";
import { endOfArchive, fitsTar, tarHeader } from "./tar-header.ts";

const path = Buffer.from("./file");
const nodeWith = (fields: Partial<TreeNode>): TreeNode => ({ ...fileNode("file", [], 0), ...fields });

/** What a reader of another make finds. */
async function read(
  node: TreeNode,
  name = path,
  sameAs?: Buffer,
): Promise<Header & { readonly pax?: Record<string, string> | null }> {
  const reader = extract();
  reader.end(Buffer.concat([tarHeader({ node, path: name, sameAs }), endOfArchive()]));
  for await (const { header } of reader) return header as Awaited<ReturnType<typeof read>>;
  throw new Error("There is no entry.");
}

describe("tarHeader", () => {
  it("keeps plain entries plain", async () => {
    const node = nodeWith({ mode: 2 ** 23 + 0o755, uid: 1000, gid: 2_097_151, mtime: 1_700_000_000_000_000_000n });
    expect(await read(node)).toMatchObject({
      name: "./file",
      type: "file",
      mode: 0o4755,
      uid: 1000,
      gid: 2_097_151,
      mtime: new Date(1_700_000_000_000),
      size: 0,
      pax: { atime: "0" },
    });
  });

  it.each<[string, Partial<TreeNode>, Record<string, string>]>([
    ["times before 1970", { mtime: -86_400_500_000_000n }, { mtime: "-86400.5" }],
    ["times after 2242", { mtime: 8_589_934_592_000_000_000n }, { mtime: "8589934592" }],
    ["nanoseconds", { mtime: 981_173_106_123_456_789n }, { mtime: "981173106.123456789" }],
    ["access times", { atime: -1n }, { atime: "-0.000000001" }],
    ["owners above two millions", { uid: 4_294_967_294, gid: 2_097_152 }, { uid: "4294967294", gid: "2097152" }],
    [
      "attributes, with odd names and bytes",
      { extendedAttributes: [{ name: "user.a=b%", value: Buffer.from("x\ny=") }] },
      { "SCHILY.xattr.user.a%3Db%25": "x\ny=" },
    ],
    [
      "ACLs as text",
      {
        extendedAttributes: [
          { name: "system.posix_acl_access", value: Buffer.from("0200000001000600ffffffff20000400ffffffff", "hex") },
        ],
      },
      { "SCHILY.acl.access": "user::rw-,other::r--" },
    ],
    [
      "an ACL that is none as it is",
      { extendedAttributes: [{ name: "system.posix_acl_default", value: Buffer.from("?") }] },
      { "SCHILY.xattr.system.posix_acl_default": "?" },
    ],
  ])("has a record for %s", async (_, fields, pax) => {
    expect((await read(nodeWith(fields))).pax).toMatchObject(pax);
  });

  it("has a record for sizes of 8 GiB and more", () => {
    const record = (size: number) => /\d+ size=(\d+)\n/.exec(tarHeader({ node: nodeWith({ size }), path }).toString());
    expect(record(8_589_934_591)).toBeNull();
    expect(record(8_589_934_592)?.[1]).toBe("8589934592");
  });

  it.each([96, 97, 98, 99, 100, 101, 985, 4000, 9985])(
    "writes the length of a record of about %i bytes right",
    async (length) => {
      for (const more of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
        const name = `./${"ü".repeat(1)}${"x".repeat(length + more)}`;
        expect((await read(nodeWith({}), Buffer.from(name))).name).toBe(name);
      }
    },
  );

  it("writes names as the bytes they are", () => {
    const name = Buffer.from("./\xff\xfe\n", "latin1");
    expect(tarHeader({ node: nodeWith({}), path: name }).includes(Buffer.concat([Buffer.from("14 path="), name]))).toBe(
      true,
    );
  });

  it("links other names to the first, without content and attributes", async () => {
    const node = nodeWith({ size: 12, extendedAttributes: [{ name: "user.a", value: Buffer.from("b") }] });
    const header = await read(node, path, Buffer.from("./first"));
    expect(header).toMatchObject({ type: "link", linkname: "./first", size: 0 });
    expect(Object.keys(header.pax ?? {})).toEqual(["atime"]);
  });

  it("numbers devices as Linux does", async () => {
    const device = (0xabcn << 8n) | 0x34n | ((0xf_ff12n << 20n) & 0xfff0_0000n);
    expect(await read(nodeWith({ type: "dev", mode: 2 ** 26 + 0o600, device }))).toMatchObject({
      type: "block-device",
      devmajor: 0xabc,
      devminor: Number((device & 0xffn) | ((device >> 12n) & 0xffff_ff00n)),
    });
  });

  it("has no place for sockets", () => {
    expect(fitsTar(nodeWith({ type: "socket" }))).toBe(false);
    expect(fitsTar(nodeWith({ type: "fifo" }))).toBe(true);
  });

  it.each<[string, Partial<TreeNode>]>([
    ["a link to what is no path", { type: "symlink", linkTarget: Buffer.from("a\0b") }],
    ["an attribute that no file has", { extendedAttributes: [{ name: "user.a\0b", value: Buffer.alloc(0) }] }],
  ])("refuses %s", (_, fields) => {
    expect(() => tarHeader({ node: nodeWith(fields), path })).toThrow(/link to what|impossible name/);
  });
});
