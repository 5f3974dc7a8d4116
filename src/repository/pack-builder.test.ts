import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { idOf, randomMasterKey } from "./crypto.ts";
import { frameProblems, inspectBlobs } from "./inspect-pack.ts";
import { createPackBuilder } from "./pack-builder.ts";
import { headerBytes, payloadOf } from "./pack-format.ts";

const master = randomMasterKey();
const text = Buffer.from("the same words again and again, ".repeat(1000));

/** A builder, and the memory of the pack of data that it will fill. */
function begin() {
  const [first] = filled().finish();
  if (!first) throw new Error("there is one");
  const memory = Buffer.alloc(first.bytes.buffer.byteLength);
  return { builder: createPackBuilder(master, { take: () => memory }), memory };
}

function filled() {
  const builder = createPackBuilder(master);
  for (const bytes of [text, randomBytes(5000), Buffer.from("short")]) builder.add(payloadOf("data", bytes));
  return builder;
}

describe("A pack", () => {
  it("is whole, and its blobs are what they were", () => {
    const [pack] = filled().finish();
    if (!pack) throw new Error("there is one");
    const indexed = pack.entries.map((entry) => ({ ...entry, pack: pack.id }));
    expect(inspectBlobs({ master, bytes: pack.bytes, start: 0, blobs: indexed })).toEqual([]);
    const header = pack.bytes.subarray(pack.bytes.length - (headerBytes(pack.bytes, pack.bytes.length) ?? 0));
    const frame = { pack: pack.id, size: pack.bytes.length, contentId: idOf(pack.bytes), header, indexed };
    expect(frameProblems(master, frame)).toEqual([]);
  });

  it("is not made of a blob that does not open to what its id says", () => {
    const { builder } = begin();
    const payload = payloadOf("data", text);
    expect(payload.compressed).toBe(true);
    const wrong = Buffer.from(payload.bytes);
    wrong[20] = (wrong[20] ?? 0) ^ 1;
    expect(() => builder.add({ ...payload, bytes: wrong })).toThrow("not to be trusted");
    const other = payloadOf("data", Buffer.from("something else"));
    expect(() => builder.add({ ...other, id: payload.id })).toThrow("not to be trusted");
  });

  it.each([0, 17, 40])("is not stored where byte %d changed after it was sealed", (at) => {
    const { builder, memory } = begin();
    builder.add(payloadOf("data", text));
    memory[at] = (memory[at] ?? 0) ^ 1;
    expect(() => builder.finish()).toThrow("not to be trusted");
  });
});
