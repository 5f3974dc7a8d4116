import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import { runMirror } from "../mirror/run.ts";
import { type BackupConfig, backupConfig } from "../mover/configs.ts";
import { memoryStorage } from "../storage/memory.ts";
import type { Storage } from "../storage/storage.ts";
import { takeInventory } from "./inventory.ts";
import type { BackupPlan } from "./plan.ts";

// What an inventory finds in chains is tested with backups; here are mirrors.

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

function inventory(volume: Storage, known: Record<string, string[]>) {
  const config = configOf("/", "file:///volume/chain", known);
  const [target] = config.targets;
  if (!target) throw new Error("there is one");
  const plan = { config, open: async () => ({ storage: volume, password: "" }) } as unknown as BackupPlan;
  return takeInventory({ plan, target, password: "", notices: [], written: undefined });
}

test("a mirror without a record is news, one with a record is not, and a record of another state is out of date", async () => {
  const volume = memoryStorage();
  const snapshot = await mirrorIn(volume);
  const found = { chain: "mirror", snapshot, time: expect.any(String), tags: [...owner, "point=p1"] };
  expect(await inventory(volume, {})).toEqual({ unknown: [found] });
  expect(await inventory(volume, { mirror: [snapshot] })).toEqual({});
  expect(await inventory(volume, { mirror: ["other"] })).toEqual({ unknown: [found], missing: ["other"] });
});
