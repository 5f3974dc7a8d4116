import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compress } from "./compression.ts";
import { idOf, randomMasterKey, seal } from "./crypto.ts";
import {
  type BlobPayload,
  decodeHeader,
  encodeHeader,
  headerBytes,
  isGoodBlob,
  openBlob,
  openPayload,
  type PackEntry,
  payloadOf,
} from "./pack-format.ts";

const master = randomMasterKey();

function packOf(payloads: readonly BlobPayload[]) {
  const parts: Buffer[] = [];
  const entries: PackEntry[] = [];
  let offset = 0;
  for (const { id, type, bytes, plainLength, compressed } of payloads) {
    const sealed = seal(master, bytes);
    parts.push(sealed);
    entries.push({ id, type, offset, length: sealed.length, plainLength, compressed });
    offset += sealed.length;
  }
  return { bytes: Buffer.concat([...parts, encodeHeader(master, entries)]), entries };
}

const decode = (pack: Buffer) =>
  decodeHeader(master, pack.subarray(pack.length - (headerBytes(pack, pack.length) ?? 0)), pack.length);

describe("a pack", () => {
  test("tells from its header what was put into it", () => {
    const blob = fc.tuple(fc.constantFrom("data" as const, "tree" as const), fc.uint8Array({ maxLength: 300 }));
    fc.assert(
      fc.property(fc.array(blob, { minLength: 1, maxLength: 10 }), (blobs) => {
        const { bytes, entries } = packOf(blobs.map(([type, content]) => payloadOf(type, Buffer.from(content))));
        expect(decode(bytes)).toEqual(entries);
        for (const [at, [, content]] of blobs.entries()) {
          const entry = entries[at] as PackEntry;
          expect(openBlob(master, bytes.subarray(entry.offset, entry.offset + entry.length), entry)).toEqual(
            Buffer.from(content),
          );
        }
      }),
    );
  });

  test("does not decode when a byte of its end is changed, or bytes are lost or added", () => {
    const { bytes } = packOf([payloadOf("data", randomBytes(100)), payloadOf("data", Buffer.alloc(500))]);
    const headerLength = headerBytes(bytes, bytes.length) ?? 0;
    for (let at = bytes.length - headerLength; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x41;
      expect(decode(changed), `byte ${at}`).toBeUndefined();
    }
    expect(decode(bytes.subarray(1))).toBeUndefined();
    expect(decode(Buffer.concat([Buffer.alloc(1), bytes]))).toBeUndefined();
    expect(decode(bytes.subarray(0, 3))).toBeUndefined();
    expect(decode(Buffer.alloc(0))).toBeUndefined();
  });

  test("is not believed when its header's length is absurd", () => {
    for (const length of [0, 31, 2 ** 31, 0xffff_ffff]) {
      const pack = Buffer.alloc(1000);
      pack.writeUInt32LE(length, 996);
      expect(headerBytes(pack, pack.length)).toBeUndefined();
    }
  });
});

describe("payloadOf", () => {
  test("compresses what gets smaller by it, and nothing else", () => {
    expect(payloadOf("data", Buffer.alloc(100_000, "text ")).compressed).toBe(true);
    expect(payloadOf("tree", Buffer.from('{"nodes":[]}\n'.repeat(20))).compressed).toBe(true);
    for (const length of [0, 1, 1000, 1_000_000]) {
      const bytes = randomBytes(length);
      expect(payloadOf("data", bytes)).toMatchObject({ compressed: false, bytes, plainLength: length });
    }
  });
});

describe("openBlob", () => {
  const plaintext = Buffer.alloc(1000, "abc");
  const payload = payloadOf("data", plaintext);

  test("refuses other content than the id says, whatever the seal says", () => {
    for (const lie of [{ id: idOf(Buffer.from("x")) }, { compressed: false }, { plainLength: 999 }]) {
      expect(openBlob(master, seal(master, payload.bytes), { ...payload, ...lie })).toBeUndefined();
      expect(isGoodBlob(master, seal(master, payload.bytes), { ...payload, ...lie })).toBe(false);
    }
    expect(isGoodBlob(master, seal(master, payload.bytes), payload)).toBe(true);
    expect(isGoodBlob(master, seal(master, payload.bytes.subarray(1)), payload)).toBe(false);
    expect(openBlob(master, seal(master, payload.bytes), payload)).toEqual(plaintext);
    expect(openPayload(master, seal(master, payload.bytes), payload)).toEqual(payload);
  });

  test("does not unpack more than the length that was promised", () => {
    const bomb = compress(Buffer.alloc(64 * 1024 * 1024));
    const entry = { id: idOf(Buffer.alloc(0)), type: "data" as const, plainLength: 1000, compressed: true };
    const before = process.memoryUsage().arrayBuffers;
    expect(openBlob(master, seal(master, bomb), entry)).toBeUndefined();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
  });
});
