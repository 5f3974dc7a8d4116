import { randomBytes } from "node:crypto";
import { afterEach, expect, it } from "vitest";
import { silentThread } from "../system/testing.ts";
import { randomMasterKey } from "./crypto.ts";
import { inspectBlobs } from "./inspect-pack.ts";
import { createInspectionPool, type InspectionPool, type InspectionPoolOptions } from "./inspection-pool.ts";
import { createPackBuilder } from "./pack-builder.ts";
import { payloadOf } from "./pack-format.ts";
import type { BlobLocation } from "./types.ts";

const master = randomMasterKey();
const pools: InspectionPool[] = [];
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));

function pool(options: Partial<InspectionPoolOptions> = {}): InspectionPool {
  const made = createInspectionPool(master, { threads: 2, plainBytes: 200_000_000, ...options });
  pools.push(made);
  return made;
}

interface Content {
  readonly bytes: Buffer;
  readonly blobs: readonly BlobLocation[];
}

function contentOf(...plaintexts: readonly Buffer[]): Content {
  const builder = createPackBuilder(master);
  for (const plaintext of plaintexts) builder.add(payloadOf("data", plaintext));
  const [made] = builder.finish();
  if (!made) throw new Error("there is one");
  return { bytes: Buffer.from(made.bytes), blobs: made.entries.map((entry) => ({ ...entry, pack: made.id })) };
}

function damage({ bytes, blobs }: Content, place: number): void {
  const at = (blobs[place]?.offset ?? 0) + 20;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
}

/** Ten packs of three blobs; the second blob of every other one is damaged. */
const packs = Array.from({ length: 10 }, (_, number) => {
  const content = contentOf(randomBytes(10_000), randomBytes(10_000), randomBytes(10_000));
  if (number % 2 === 1) damage(content, 1);
  return content;
});

/** As packs come from a store: at the beginning of shared memory that is longer. */
function shared(content: Content): Content {
  const bytes = Buffer.from(new SharedArrayBuffer(2 * content.bytes.length), 0, content.bytes.length);
  content.bytes.copy(bytes);
  return { ...content, bytes };
}

const inspect = (inspections: InspectionPool, { bytes, blobs }: Content) =>
  inspections.inspect({ bytes, start: 0 }, blobs);
const damagedIn = ({ bytes, blobs }: Content) =>
  inspectBlobs({ master, bytes, start: 0, blobs }).map((place) => blobs[place]);

it("finds the same in any thread, in whatever memory", async () => {
  const inspections = pool();
  for (const contents of [packs.map(shared), packs]) {
    const found = await Promise.all(contents.map((content) => inspect(inspections, content)));
    expect(found).toEqual(packs.map(({ blobs }, number) => (number % 2 === 1 ? [blobs[1]] : [])));
    expect(found).toEqual(packs.map(damagedIn));
  }
});

it("divides what is long when it is decompressed, and finds the same", async () => {
  const long = (_: unknown) => Buffer.alloc(1024 * 1024, randomBytes(1000).toString("hex"));
  const content = contentOf(...Array.from({ length: 150 }, long));
  const { bytes, blobs } = content;
  for (const place of [3, 70, 149]) damage(content, place);
  expect(await inspect(pool(), shared(content))).toEqual([blobs[3], blobs[70], blobs[149]]);
  for (const share of [0.5, 0.1, 0]) {
    const cut = { blobs, bytes: Buffer.from(bytes.subarray(0, bytes.length * share)) };
    const found = damagedIn(cut);
    expect(found.length).toBeGreaterThan(70);
    expect(await inspect(pool(), shared(cut))).toEqual(found);
  }
});

it("starts no thread for little", async () => {
  const program = new URL("data:text/javascript,throw new Error('out of order')");
  const [first] = packs;
  if (!first) throw new Error("there is one");
  expect(await inspect(pool({ program, plainBytes: 100_000_000 }), first)).toEqual([]);
});

it("does itself what the threads have no time for", async () => {
  const inspections = pool({ program: silentThread });
  let done = 0;
  for (const content of packs)
    void inspect(inspections, shared(content)).then(
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
  const results = await Promise.allSettled(packs.map((content) => inspect(inspections, shared(content))));
  const failed = results.filter(({ status }) => status === "rejected");
  expect(failed.length).toBeGreaterThanOrEqual(2 * 2);
  await expect(inspect(inspections, packs[0] as Content)).rejects.toThrow(/out of order|ended by itself/);
});
