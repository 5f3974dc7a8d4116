import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { randomMasterKey } from "./crypto.ts";
import { inspect, type PackContent } from "./inspect-pack.ts";
import { createPackBuilder } from "./pack-builder.ts";
import { payloadOf } from "./pack-format.ts";
import type { BlobLocation } from "./types.ts";

const master = randomMasterKey();
const builder = createPackBuilder(master);
for (let blob = 0; blob < 3; blob++) builder.add(payloadOf("data", randomBytes(10_000)));
const [made] = builder.finish();
if (!made) throw new Error("there is one");
const { id: pack, bytes } = made;
const indexed: readonly BlobLocation[] = made.entries.map((entry) => ({ ...entry, pack }));

const inspectWhole = (content: PackContent) => inspect({ master, what: "Pack", start: 0, ...content });

const changedAt = (position: number): Buffer => {
  const changed = Buffer.from(bytes);
  changed[position] = (changed[position] ?? 0) ^ 1;
  return changed;
};

it("finds nothing in a sound pack, whether the index names all of it or less", () => {
  expect(inspectWhole({ pack, bytes, indexed })).toEqual({ problems: [], damaged: [] });
  expect(inspectWhole({ pack, bytes, indexed: indexed.slice(1) })).toEqual({ problems: [], damaged: [] });
});

it("tells a pack under another name", () => {
  const other = "0".repeat(64);
  expect(inspectWhole({ pack: other, bytes, indexed })).toEqual({
    problems: [`pack ${other}: its content does not fit its name`],
    damaged: [],
  });
});

it("names the blob that is damaged, and no other", () => {
  const { problems, damaged } = inspectWhole({ pack, bytes: changedAt(15_000), indexed });
  expect(damaged).toEqual([1]);
  expect(problems).toEqual([
    `pack ${pack}: its content does not fit its name`,
    `pack ${pack}: data blob ${indexed[1]?.id} is damaged`,
  ]);
});

it("tells a damaged header", () => {
  const { problems, damaged } = inspectWhole({ pack, bytes: changedAt(bytes.length - 10), indexed });
  expect(problems).toContain(`pack ${pack}: its header is damaged`);
  expect(damaged).toEqual([]);
});

it("tells an index that says otherwise", () => {
  const [blob] = indexed;
  if (!blob) throw new Error("there is one");
  const wrong = [{ ...blob, plainLength: blob.plainLength + 1 }];
  expect(inspectWhole({ pack, bytes, indexed: wrong })).toEqual({
    damaged: [0],
    problems: [
      `pack ${pack}: the index says that it holds data blob ${blob.id}, its header does not`,
      `pack ${pack}: data blob ${blob.id} is damaged`,
    ],
  });
});
