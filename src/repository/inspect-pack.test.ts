import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { idOf, randomMasterKey } from "./crypto.ts";
import { frameProblems, inspectBlobs } from "./inspect-pack.ts";
import { createPackBuilder } from "./pack-builder.ts";
import { headerBytes, payloadOf } from "./pack-format.ts";
import type { BlobLocation } from "./types.ts";

const master = randomMasterKey();
const builder = createPackBuilder(master);
for (let blob = 0; blob < 3; blob++) builder.add(payloadOf("data", randomBytes(10_000)));
const [made] = builder.finish();
if (!made) throw new Error("there is one");
const { id: pack, bytes } = made;
const indexed: readonly BlobLocation[] = made.entries.map((entry) => ({ ...entry, pack }));
const header = bytes.subarray(bytes.length - (headerBytes(bytes, bytes.length) ?? 0));

const changedAt = (whole: Buffer, position: number): Buffer => {
  const changed = Buffer.from(whole);
  changed[position] = (changed[position] ?? 0) ^ 1;
  return changed;
};

it("finds the blobs that are damaged, in the whole and in a part", () => {
  const inspect = (content: Buffer, start = 0, blobs = indexed) =>
    inspectBlobs({ master, bytes: content.subarray(start), start, blobs });
  expect(inspect(bytes)).toEqual([]);
  expect(inspect(changedAt(bytes, 15_000))).toEqual([1]);
  const second = indexed[1]?.offset ?? 0;
  expect(inspect(changedAt(bytes, 15_000), second, indexed.slice(1))).toEqual([0]);
  expect(inspect(bytes.subarray(0, 25_000))).toEqual([2]);
  expect(inspect(bytes.subarray(0, 5_000))).toEqual([0, 1, 2]);
});

it("finds a blob damaged of which the index says something else", () => {
  const blobs = indexed.map((blob, place) => (place === 2 ? { ...blob, plainLength: blob.plainLength + 1 } : blob));
  expect(inspectBlobs({ master, bytes, start: 0, blobs })).toEqual([2]);
});

const frame = { pack, size: bytes.length, contentId: idOf(bytes), header, indexed };

it.each([
  ["a sound pack", {}, []],
  ["one of which the index names less", { indexed: indexed.slice(1) }, []],
  ["another content", { contentId: idOf(Buffer.from("x")) }, [`pack ${pack}: its content does not fit its name`]],
  ["a damaged header", { header: changedAt(header, 5) }, [`pack ${pack}: its header is damaged`]],
  ["no header", { header: undefined }, [`pack ${pack}: its header is damaged`]],
  ["a pack of another size", { size: bytes.length + 1 }, [`pack ${pack}: its header is damaged`]],
  [
    "an index that says otherwise",
    { indexed: indexed.map((blob, place) => (place === 1 ? { ...blob, offset: blob.offset + 1 } : blob)) },
    [`pack ${pack}: the index says that it holds data blob ${indexed[1]?.id}, its header does not`],
  ],
])("of %s", (_, change, problems) => {
  expect(frameProblems(master, { ...frame, ...change })).toEqual(problems);
});
