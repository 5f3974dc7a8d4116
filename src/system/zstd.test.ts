import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { loadZstd, type Zstd } from "./zstd.ts";

const zstd = loadZstd() as Zstd;

const inputs: readonly [string, Buffer][] = [
  ["one byte", Buffer.from("x")],
  ["text", Buffer.from("the same again, ".repeat(5000))],
  ["random bytes", randomBytes(100_000)],
  ["zeros", Buffer.alloc(3_000_000)],
  ["a part of a longer buffer", Buffer.from("0123456789".repeat(100)).subarray(7, 507)],
];

describe("Node's zstd, called directly", () => {
  it("is the one that Node has, in all that it calls", () => {
    expect(zstd.version).toBe(process.versions.zstd);
    const maps = readFileSync("/proc/self/maps", "utf8");
    // A second one in the process would have its calls answered by the first one.
    const libraries = new Set(maps.match(/\S+libzstd\S+/g) ?? []);
    const { node_shared_zstd: isShared } = process.config.variables as { node_shared_zstd?: boolean };
    expect(libraries.size).toBe(isShared ? 1 : 0);
  });

  it.each(inputs)("packs %s so that Node unpacks it, and unpacks what Node packed", (_, bytes) => {
    const packed = zstd.compress(bytes, 1);
    expect(zstdDecompressSync(packed ?? Buffer.alloc(0)).equals(bytes)).toBe(true);
    expect(zstd.decompress(zstdCompressSync(bytes), bytes.length)?.equals(bytes)).toBe(true);
  });

  it("takes bytes of shared memory", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(1000)).fill(7);
    expect(zstdDecompressSync(zstd.compress(shared, 1) ?? Buffer.alloc(0))).toEqual(Buffer.from(shared));
  });

  const frame = zstdCompressSync(Buffer.from("some words ".repeat(1000)));
  const broken = Buffer.from(frame).fill(0xff, 20);
  const lying = Buffer.from(frame);
  lying.writeUInt16LE(65_000, 5); // the content's size, two bytes of it, less 256
  it.each([
    ["nothing", Buffer.alloc(0)],
    ["what is no frame", randomBytes(500)],
    ["a frame that was cut off", frame.subarray(0, frame.length - 1)],
    ["a frame that is damaged", broken],
    ["a frame that says it is longer than it is", lying],
    ["two frames", Buffer.concat([frame, frame])],
    ["a frame and something else", Buffer.concat([frame, Buffer.from("more")])],
  ])("does not judge %s", (_, bytes) => {
    expect(zstd.decompress(bytes, 1e6)).toBeUndefined();
    expect(zstd.decompress(frame, 1e6)?.length).toBe(11_000);
  });

  it("unpacks nothing that is longer than it may be", () => {
    expect(zstd.decompress(frame, 10_999)).toBeUndefined();
  });
});
