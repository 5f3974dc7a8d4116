import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import { type BackupConfig, backupConfig } from "../contract/configs.ts";
import { runMirror } from "../mirror/run.ts";
import { initialiseRepository } from "../repository/repository.ts";
import { saveSnapshot } from "../repository/snapshots.ts";
import { StorageError } from "../storage/errors.ts";
import { memoryStorage } from "../storage/memory.ts";
import type { Storage } from "../storage/storage.ts";
import { takeInventory } from "./inventory.ts";
import type { BackupPlan } from "./plan.ts";

// What an inventory finds in chains is tested with backups; here are mirrors, and what it reads.

const owner = ["cluster=c", "policy=shop"];
let scratch: Scratch;
beforeAll(() => {
  scratch = makeScratch();
});
afterAll(() => scratch?.remove());

const configOf = (source: string, url: string, known: Record<string, string[]> = {}): BackupConfig =>
  backupConfig.parse({
    source,
    path: "/data",
    tags: [...owner, "point=p1"],
    mirror: { unencrypted: true, owner },
    targets: [
      { name: "onprem", repository: { url }, expect: "Any", inventory: { url: "file:///volume", tags: owner, known } },
    ],
    lock: { holder: "test", waitSeconds: 0 },
  });

async function mirrorIn(volume: Storage): Promise<string> {
  const source = scratch.path("source");
  mkdirSync(source);
  writeFileSync(join(source, "file"), "content");
  const config = configOf(source, "file:///volume/mirror");
  if (!config.mirror) throw new Error("it is a mirror");
  const openStorage = async () => volume.below("mirror");
  const { signal } = new AbortController();
  const { targets } = await runMirror({ config, settings: config.mirror, openStorage, signal });
  return targets[0]?.snapshot ?? "";
}

function inventory(volume: Storage, known: Record<string, string[]>, notices: string[] = []) {
  const config = configOf("/", "file:///volume/chain", known);
  const [target] = config.targets;
  if (!target) throw new Error("there is one");
  const plan = { config, open: async () => ({ storage: volume, password: "password" }) } as unknown as BackupPlan;
  return takeInventory({ plan, target, password: "password", notices, written: undefined });
}

test("a mirror without a record is news, one with a record is not, and a record of another state is out of date", async () => {
  const volume = memoryStorage();
  const snapshot = await mirrorIn(volume);
  const found = { chain: "mirror", snapshot, time: expect.any(String), tags: [...owner, "point=p1"] };
  expect(await inventory(volume, {})).toEqual({ unknown: [found] });
  expect(await inventory(volume, { mirror: [snapshot] })).toEqual({});
  expect(await inventory(volume, { mirror: ["other"] })).toEqual({ unknown: [found], missing: ["other"] });
});

test("of a chain only snapshots without a record are read", async () => {
  const volume = memoryStorage();
  const repository = await initialiseRepository({ storage: volume.below("chain"), password: "password" });
  const save = async (day: number, tags: string[]) => {
    const time = new Date(Date.UTC(2026, 0, day)).toISOString();
    return (await saveSnapshot(repository, { time, tree: "0".repeat(64), paths: ["/data"], tags })).id;
  };
  const recorded = [await save(1, owner), await save(2, owner)];
  const [second, first] = [await save(4, owner), await save(3, owner)];
  await save(5, ["somebody else's"]);
  const read: string[] = [];
  const counting: Storage = {
    ...volume,
    below: (prefix) => {
      const below = volume.below(prefix);
      const get: Storage["get"] = (key, range) => {
        read.push(key);
        return below.get(key, range);
      };
      return { ...below, get };
    },
  };
  const { unknown, missing } = await inventory(counting, { chain: recorded });
  expect(unknown?.map(({ snapshot }) => snapshot)).toEqual([first, second]);
  expect(missing).toBeUndefined();
  expect(read.filter((key) => key.startsWith("snapshots/"))).toHaveLength(3);
});

test("a chain that cannot be opened hides nothing of the others, and is named; a store that fails ends it", async () => {
  const volume = memoryStorage();
  await initialiseRepository({ storage: volume.below("a-locked-one"), password: "another" });
  const repository = await initialiseRepository({ storage: volume.below("chain"), password: "password" });
  const time = "2026-01-01T00:00:00Z";
  const { id } = await saveSnapshot(repository, { time, tree: "0".repeat(64), paths: ["/data"], tags: owner });
  const notices: string[] = [];
  const found = await inventory(volume, { chain: ["gone"], "a-locked-one": ["hidden"] }, notices);
  expect(found).toEqual({ unknown: [{ chain: "chain", snapshot: id, time, tags: owner }], missing: ["gone"] });
  expect(notices).toEqual([expect.stringMatching(/^The volume's chain a-locked-one could not be looked through: /)]);

  const down = async () => {
    throw new StorageError("Unreachable", "the store is down");
  };
  const failing: Storage = { ...volume, below: (prefix) => ({ ...volume.below(prefix), get: down }) };
  const said: string[] = [];
  expect(await inventory(failing, { chain: ["gone"], "a-locked-one": ["hidden"] }, said)).toEqual({});
  expect(said).toEqual(["The volume's older chains could not be looked through: the store is down"]);
});
