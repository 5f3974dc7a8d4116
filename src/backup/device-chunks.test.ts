import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { idOf } from "../repository/crypto.ts";
import { deviceChunkBytes as chunk, cut, deviceChunks, devicePartBytes as part, zeroId } from "./device-chunks.ts";
import { hadData } from "./read-device.ts";

/** `z` a chunk of zeros, `d` one of data; a lower number of bytes at the end. */
const bytesOf = (picture: string, rest = 0): Buffer =>
  Buffer.concat([
    ...[...picture].map((kind) => (kind === "z" ? Buffer.alloc(chunk) : Buffer.alloc(chunk, kind))),
    Buffer.alloc(rest),
  ]);

it.each([
  ["d", 0, ["d 1"]],
  ["zzz", 0, ["z 3"]],
  ["dzzd", 0, ["d 1", "z 2", "d 1"]],
  ["zzdd", 0, ["z 2", "d 1", "d 1"]],
  ["dz", chunk / 2, ["d 1", "z 1.5"]],
])("cuts %s and %i zeros into %j", (picture, rest, expected) => {
  const chunks = [...cut(bytesOf(picture, rest))];
  expect(chunks.map(({ bytes, isZero }) => `${isZero ? "z" : "d"} ${bytes.length / chunk}`)).toEqual(expected);
});

it("reads a device to its end, whatever its size", async () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-test-"));
  const content = Buffer.concat([bytesOf("dzzzzzzzzzzzzzzzzzzd"), Buffer.from("end")]);
  writeFileSync(join(folder, "device"), content);
  const descriptor = openSync(join(folder, "device"), "r");
  try {
    const read: Buffer[] = [];
    for await (const { bytes } of deviceChunks(descriptor, content.length)) read.push(Buffer.from(bytes));
    expect(Buffer.concat(read).equals(content)).toBe(true);
    const more = Array.fromAsync(deviceChunks(descriptor, content.length + 1));
    await expect(more).rejects.toThrow("before its own size");
  } finally {
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  }
});

it("knows zeros by their ids", () => {
  for (const length of [1, 512, chunk, part]) expect(zeroId(length)).toBe(idOf(Buffer.alloc(length)));
});

it("tells an image of nothing but zeros", () => {
  const size = 3 * part + chunk + 512;
  const zeros = [zeroId(part), zeroId(chunk), zeroId(part), zeroId(chunk + 512), zeroId(512)];
  expect(hadData({ size, content: zeros })).toBe(false);
  expect(hadData({ size, content: [...zeros, idOf(Buffer.from("x"))] })).toBe(true);
  expect(hadData(undefined)).toBe(false);
});
