import { randomBytes } from "node:crypto";
import { afterEach, expect, it } from "vitest";
import { silentThread } from "../system/testing.ts";
import { randomMasterKey } from "./crypto.ts";
import { inspect, type PackContent } from "./inspect-pack.ts";
import { createInspectionPool, type InspectionPool, type InspectionPoolOptions } from "./inspection-pool.ts";
import { createPackBuilder } from "./pack-builder.ts";
import { payloadOf } from "./pack-format.ts";

const master = randomMasterKey();
const pools: InspectionPool[] = [];
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));

function pool(options: Partial<InspectionPoolOptions> = {}): InspectionPool {
  const made = createInspectionPool(master, { threads: 2, plainBytes: 200_000_000, ...options });
  pools.push(made);
  return made;
}

/** Ten packs of three blobs; a byte of the second blob of every other one is changed. */
const packs: PackContent[] = Array.from({ length: 10 }, (_, number) => {
  const builder = createPackBuilder(master);
  for (let blob = 0; blob < 3; blob++) builder.add(payloadOf("data", randomBytes(10_000)));
  const [made] = builder.finish();
  if (!made) throw new Error("there is one");
  const bytes = Buffer.from(made.bytes);
  if (number % 2 === 1) bytes[15_000] = (bytes[15_000] ?? 0) ^ 1;
  return { pack: made.id, bytes, indexed: made.entries.map((entry) => ({ ...entry, pack: made.id })) };
});
const inspectWhole = (content: PackContent) => inspect({ master, what: "Pack", start: 0, ...content });

/** As packs come from a store: at the beginning of shared memory that is longer. */
function shared(content: PackContent): PackContent {
  const bytes = Buffer.from(new SharedArrayBuffer(2 * content.bytes.length), 0, content.bytes.length);
  content.bytes.copy(bytes);
  return { ...content, bytes };
}

it("finds the same in any thread, in whatever memory", async () => {
  const inspections = pool();
  for (const contents of [packs.map(shared), packs]) {
    const found = await Promise.all(contents.map((content) => inspections.inspect(content)));
    expect(found).toEqual(packs.map((content) => inspectWhole(content)));
    expect(found.map(({ damaged }) => damaged)).toEqual(packs.map((_, number) => (number % 2 === 1 ? [1] : [])));
  }
});

it("divides what is long when it is decompressed, and finds the same", async () => {
  const builder = createPackBuilder(master);
  for (let blob = 0; blob < 150; blob++)
    builder.add(payloadOf("data", Buffer.alloc(1024 * 1024, randomBytes(1000).toString("hex"))));
  const [made] = builder.finish();
  if (!made) throw new Error("there is one");
  const bytes = Buffer.from(made.bytes);
  const indexed = made.entries.map((entry) => ({ ...entry, pack: made.id }));
  for (const number of [3, 70, 149]) {
    const at = (indexed[number]?.offset ?? 0) + 20;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
  }
  const content: PackContent = { pack: made.id, bytes, indexed };
  const found = await pool().inspect(shared(content));
  expect(found.damaged).toEqual([3, 70, 149]);
  expect(found).toEqual(inspectWhole(content));
  for (const share of [0.5, 0.1, 0]) {
    const cut: PackContent = { ...content, bytes: Buffer.from(bytes.subarray(0, bytes.length * share)) };
    const whole = inspectWhole(cut);
    expect(whole.damaged.length).toBeGreaterThan(70);
    expect(await pool().inspect(shared(cut))).toEqual(whole);
  }
});

it("starts no thread for little", async () => {
  const program = new URL("data:text/javascript,throw new Error('out of order')");
  const [first] = packs;
  if (!first) throw new Error("there is one");
  expect(await pool({ program, plainBytes: 100_000_000 }).inspect(first)).toEqual({ problems: [], damaged: [] });
});

it("does itself what the threads have no time for", async () => {
  const inspections = pool({ program: silentThread });
  let done = 0;
  for (const content of packs)
    void inspections.inspect(shared(content)).then(
      () => done++,
      () => {},
    );
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(done).toBe(packs.length - 2 * 2);
});

it.each([
  ["throws", new URL("data:text/javascript,throw new Error('out of order')")],
  ["ends", new URL("data:text/javascript,process.exit(0)")],
])("never takes a pack for sound when a thread %s", async (_, program) => {
  const inspections = pool({ program });
  const results = await Promise.allSettled(packs.map((content) => inspections.inspect(shared(content))));
  const failed = results.filter(({ status }) => status === "rejected");
  expect(failed.length).toBeGreaterThanOrEqual(2 * 2);
  await expect(inspections.inspect(packs[0] as PackContent)).rejects.toThrow(/out of order|ended by itself/);
});
