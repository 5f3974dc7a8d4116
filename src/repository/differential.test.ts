import { randomBytes } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { checkRepository } from "./check.ts";
import { readDocument, writeDocument } from "./documents.ts";
import { forgetSnapshots } from "./forget.ts";
import { decodeIndex, encodeIndex } from "./index-format.ts";
import { loadIndex } from "./load-index.ts";
import { withLock } from "./locks.ts";
import { packKey } from "./pack-cache.ts";
import { prune } from "./prune.ts";
import { repairIndex } from "./repair-index.ts";
import { removeSnapshot } from "./snapshots.ts";
import { testLock, testRepository, testSnapshot } from "./testing.ts";
import type { Id, Repository, Snapshot } from "./types.ts";

// What prune, check and repair make of a chain with a Full, an Incremental and two Differentials that share data with both.

let repository: Repository;
let objects: Map<string, Buffer>;
let full: Snapshot;
let incremental: Snapshot;
let first: Snapshot;
let second: Snapshot;

const shared = randomBytes(20_000);
const contents = {
  /** In the Full, and in all others. */
  base: randomBytes(30_000),
  /** In none but the Full. */
  dropped: randomBytes(30_000),
  /** In all but the Full. */
  shared,
  own: randomBytes(10_000),
};

beforeEach(async () => {
  ({ repository, objects } = await testRepository());
  const { base, dropped, own } = contents;
  const day = (number: number) => `2026-01-0${number}T00:00:00Z`;
  full = await testSnapshot(repository, { base, dropped }, day(1), { type: "Full", owner: "full" });
  incremental = await testSnapshot(repository, { base, shared }, day(2), { type: "Incremental", owner: "inc" });
  first = await testSnapshot(repository, { base, shared }, day(3), { type: "Differential", owner: "one" });
  second = await testSnapshot(repository, { base, shared, own }, day(4), { type: "Differential", owner: "two" });
});

const forgetAndPrune = (...gone: readonly Snapshot[]) =>
  withLock(repository, { ...testLock, exclusive: true }, async (lock) => {
    await forgetSnapshots({ repository, lock, snapshots: gone.map(({ id }) => id) });
    return prune({ repository, lock, maxUnusedShare: 0 });
  });

const repair = () =>
  withLock(repository, { ...testLock, exclusive: true }, (lock) => repairIndex({ repository, lock }));

/** By owner, the names of the contents that its packs hold. */
async function contentsByOwner(): Promise<Record<string, string[]>> {
  const { index } = await loadIndex(repository);
  const found: Record<string, string[]> = {};
  for (const { type, owner = "nobody", plainLength } of index.locations()) {
    if (type !== "data") continue;
    const names = Object.entries(contents).filter(([, bytes]) => bytes.length === plainLength);
    found[owner] = [...(found[owner] ?? []), plainLength === 30_000 ? "base or dropped" : (names[0]?.[0] ?? "")];
  }
  return Object.fromEntries(Object.entries(found).map(([owner, names]) => [owner, names.sort()]));
}

const packsOf = async (isWanted: (owner: string | undefined) => boolean): Promise<Id[]> => {
  const { index } = await loadIndex(repository);
  return [...index.packs()].filter((pack) => isWanted(index.ownerOf(pack)));
};

const findings = async () => {
  const { problems, hints } = await checkRepository({ repository, readData: true });
  return { problems, hints };
};
const nothing = { problems: [], hints: [] };

/** As restic does in its prune and rebuild-index: the same packs, and nobody's. */
async function forgetOwners(): Promise<void> {
  for (const key of [...objects.keys()].filter((each) => each.startsWith("index/"))) {
    const id = key.slice("index/".length);
    const locations = [...decodeIndex(await readDocument(repository, "index", id), key)];
    const packs = Map.groupBy(locations, ({ pack }) => pack);
    await writeDocument(repository, "index", encodeIndex([...packs].map(([pack, entries]) => ({ id: pack, entries }))));
    objects.delete(key);
  }
}

describe("a chain with Differentials", () => {
  test("has what a Differential needs in the Full's packs or its own", async () => {
    expect(await contentsByOwner()).toEqual({
      full: ["base or dropped", "base or dropped"],
      inc: ["shared"],
      one: ["shared"],
      two: ["own", "shared"],
    });
    expect(await findings()).toEqual(nothing);
  });

  test("keeps each Differential whole when everything that the others wrote is gone", async () => {
    for (const { snapshot, owner } of [
      { snapshot: first, owner: "one" },
      { snapshot: second, owner: "two" },
    ]) {
      const before = new Map(objects);
      for (const pack of await packsOf((each) => each !== "full" && each !== owner)) objects.delete(packKey(pack));
      for (const { id } of [full, incremental, first, second])
        if (id !== snapshot.id) await removeSnapshot(repository, id);
      await repair();
      expect(await findings()).toEqual(nothing);
      for (const [key, bytes] of before) objects.set(key, bytes);
    }
  });
});

describe("prune", () => {
  test("keeps the copies of the Differentials, and of the others only what nobody else has", async () => {
    await forgetAndPrune();
    expect(await contentsByOwner()).toEqual({
      full: ["base or dropped", "base or dropped"],
      one: ["shared"],
      two: ["own", "shared"],
    });
    expect(await findings()).toEqual(nothing);
  });

  test("frees a Differential's own copies when it is forgotten", async () => {
    await forgetAndPrune(first, second);
    expect(await contentsByOwner()).toEqual({ full: ["base or dropped", "base or dropped"], inc: ["shared"] });
    expect(await findings()).toEqual(nothing);
  });

  test("keeps the Full's data that Differentials need when the Full is forgotten, as the Full's", async () => {
    await forgetAndPrune(full, incremental);
    expect(await contentsByOwner()).toEqual({
      full: ["base or dropped"],
      one: ["shared"],
      two: ["own", "shared"],
    });
    expect(await findings()).toEqual(nothing);
  });

  test("never mixes what different runs wrote, when it writes packs anew", async () => {
    const [kept, gone] = [randomBytes(4000), randomBytes(5000)];
    const wasteful = await testSnapshot(repository, { kept, gone }, "2026-01-05T00:00:00Z", {
      type: "Incremental",
      owner: "later",
    });
    await testSnapshot(repository, { kept }, "2026-01-06T00:00:00Z", { type: "Incremental", owner: "last" });
    expect(await forgetAndPrune(full, wasteful)).toMatchObject({ packsRewritten: 2 });
    const { index } = await loadIndex(repository);
    const ownerOf = (length: number) => [...index.locations()].find((each) => each.plainLength === length)?.owner;
    expect([ownerOf(contents.base.length), ownerOf(kept.length), ownerOf(gone.length)]).toEqual([
      "full",
      "later",
      undefined,
    ]);
    expect(await findings()).toEqual(nothing);
  });

  test("takes a pack that two index files name for one copy, as a prune that was killed leaves it", async () => {
    await forgetAndPrune();
    const [key = ""] = [...objects.keys()].filter((each) => each.startsWith("index/"));
    await writeDocument(repository, "index", await readDocument(repository, "index", key.slice("index/".length)));
    expect(await forgetAndPrune()).toMatchObject({ packsRemoved: 0, packsRewritten: 0 });
    expect(await findings()).toEqual(nothing);
  });

  test("keeps the owners in merged index files", async () => {
    for (let day = 0; day < 16; day++) {
      const provenance = { type: "Incremental", owner: `run${day}` } as const;
      await testSnapshot(repository, { a: randomBytes(100 + day) }, "2026-02-01T00:00:00Z", provenance);
    }
    await forgetAndPrune(first);
    expect([...objects.keys()].filter((key) => key.startsWith("index/"))).toHaveLength(1);
    expect(await packsOf((owner) => owner === undefined)).toEqual([]);
    expect(await findings()).toEqual(nothing);
  });

  test("keeps a copy that nobody needs, while the one that is to stay is damaged", async () => {
    const { index } = await loadIndex(repository);
    const { pack = "" } = [...index.locations()].find(({ owner, type }) => owner === "one" && type === "data") ?? {};
    const bytes = objects.get(packKey(pack)) as Buffer;
    bytes[50] = (bytes[50] ?? 0) ^ 1;
    await forgetAndPrune(second);
    expect((await contentsByOwner()).inc, "the only good copy").toEqual(["shared"]);
  });

  test("makes do with another's copy where a Differential's own is lost", async () => {
    for (const pack of await packsOf((owner) => owner === "one")) objects.delete(packKey(pack));
    await forgetAndPrune(second);
    expect(await contentsByOwner()).toEqual({ full: ["base or dropped", "base or dropped"], inc: ["shared"] });
    expect((await findings()).problems).toEqual([]);
  });
});

describe("check", () => {
  test("names the Differentials that are not independent any more, and finds no problem in it", async () => {
    await forgetOwners();
    const { problems, hints } = await findings();
    expect(problems).toEqual([]);
    expect(hints.map((hint) => hint.split(",")[0])).toEqual([
      `snapshot ${first.id.slice(0, 8)} is a Differential`,
      `snapshot ${second.id.slice(0, 8)} is a Differential`,
    ]);
  });

  test("names the one whose own packs are lost while another has what was in them", async () => {
    const { index } = await loadIndex(repository);
    const isIts = ({ owner, type }: { owner?: string; type: string }) => owner === "one" && type === "data";
    objects.delete(packKey([...index.locations()].find(isIts)?.pack ?? ""));
    const { problems, hints } = await findings();
    expect(problems).toEqual([]);
    expect(hints.filter((hint) => hint.includes("Differential"))).toEqual([
      expect.stringContaining(`snapshot ${first.id.slice(0, 8)}`),
    ]);
  });
});

describe("repairIndex", () => {
  test("keeps the owners that the old index tells", async () => {
    const before = await contentsByOwner();
    expect(await repair()).toMatchObject({ packsWithoutOwner: 0, differentials: 2 });
    expect(await contentsByOwner()).toEqual(before);
    expect(await findings()).toEqual(nothing);
  });

  test("says how many packs nobody knows the owner of, where an old index is lost", async () => {
    for (const key of [...objects.keys()]) if (key.startsWith("index/")) objects.delete(key);
    expect(await repair()).toMatchObject({ packs: 8, packsWithoutOwner: 8, differentials: 2 });
    expect(await findings()).toMatchObject({ problems: [], hints: [expect.any(String), expect.any(String)] });
  });
});
