import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { randomMasterKey } from "./crypto.ts";
import { inspect } from "./inspect-pack.ts";
import { createPackBuilder } from "./pack-builder.ts";
import { payloadOf } from "./pack-format.ts";

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
    const content = { pack: pack.id, bytes: pack.bytes, indexed };
    expect(inspect({ master, what: "Pack", start: 0, ...content })).toEqual({ problems: [], damaged: [] });
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
