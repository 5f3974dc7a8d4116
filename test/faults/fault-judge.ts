import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { checkRepository } from "../../src/repository/check.ts";
import { decodeConfig } from "../../src/repository/config.ts";
import { reasonOf } from "../../src/repository/errors.ts";
import { openKeys } from "../../src/repository/keys.ts";
import { loadIndex } from "../../src/repository/load-index.ts";
import { openRepository } from "../../src/repository/repository.ts";
import { listSnapshots } from "../../src/repository/snapshots.ts";
import type { Id, Repository } from "../../src/repository/types.ts";
import { restorable } from "../../src/restore/restorable.ts";
import { restoreSnapshot } from "../../src/restore/restore.ts";
import { memoryStorage } from "../../src/storage/memory.ts";
import { resticFor } from "../support/restic.ts";
import type { RepositoryCommand, Scene } from "./fault-scenarios.ts";
import { type Judge, sizeOf } from "./fault-subject.ts";
import { type Objects, password } from "./hostile-repository.ts";
import { stateOf } from "./state-of.ts";

let number = 0;

/** `folder` is for what is restored, and for restic. */
export function makeJudge(folder: string, scene: Scene, command: RepositoryCommand): Judge {
  const snapshots = [...scene.expected.keys()];
  const removed = command.removes(snapshots);
  const passwords = command.passwords ?? [password];
  return {
    async expectWhole(objects) {
      const staying = snapshots.filter((id) => !removed.includes(id));
      if (!objects.has("config")) {
        expect(staying, "without its config a repository is gone").toEqual([]);
        return;
      }
      const { repository } = await openWithAny(objects, passwords);
      await expectOneMaster(objects, passwords);
      expect((await checkRepository({ repository, readData: true })).problems).toEqual([]);
      const present = new Set((await listSnapshots(repository)).map(({ id }) => id));
      for (const [id, state] of scene.expected) {
        if (staying.includes(id)) expect(present, "a snapshot is gone").toContain(id);
        if (present.has(id)) expect(await restoredState(repository, id, folder)).toEqual(state);
      }
    },
    async expectDone(objects, ended, before) {
      for (const id of removed) expect([...objects.keys()], "it was to be removed").not.toContain(`snapshots/${id}`);
      if (removed.length > 0 && removed.length === snapshots.length) expect([...objects.keys()]).toEqual([]);
      if (ended.wrote !== undefined) {
        const { repository } = await openWithAny(objects, passwords);
        expect(await restoredState(repository, ended.wrote, folder)).toEqual(stateOf(scene.source));
      }
      if (ended.restored) expect(ended.restored).toEqual(scene.expected.get(snapshots[0] ?? ""));
      if (ended.freed !== undefined) expect(ended.freed).toBeLessThanOrEqual(before - sizeOf(objects));
      const [opens, ...opensNot] = command.passwords ?? [];
      if (opens !== undefined) await openRepository({ storage: memoryStorage(objects), password: opens });
      for (const old of opensNot) {
        const opened = openRepository({ storage: memoryStorage(objects), password: old });
        await expect(opened).rejects.toMatchObject({ reason: "WrongPassword" });
      }
    },
    async expectClean(objects) {
      if (!command.leavesNothing) return;
      const { repository } = await openWithAny(objects, passwords);
      expect(await checkRepository({ repository, readData: true })).toMatchObject({ problems: [], hints: [] });
    },
    async expectResticContent(objects) {
      if (!objects.has("config")) return;
      const place = join(folder, `restic-${number++}`);
      for (const part of ["keys", "locks", "snapshots", "index", "data"]) {
        mkdirSync(join(place, part), { recursive: true });
      }
      for (const [key, bytes] of objects) {
        mkdirSync(dirname(join(place, key)), { recursive: true });
        writeFileSync(join(place, key), bytes);
      }
      const { opening } = await openWithAny(objects, passwords);
      const said = await resticFor(place, opening).run("check", "--read-data", "--no-lock");
      expect(said).toContain("no errors were found");
      rmSync(place, { recursive: true });
    },
  };
}

async function openWithAny(
  objects: Objects,
  passwords: readonly string[],
): Promise<{ readonly repository: Repository; readonly opening: string }> {
  for (const opening of passwords) {
    try {
      return { repository: await openRepository({ storage: memoryStorage(objects), password: opening }), opening };
    } catch (error) {
      if (reasonOf(error) !== "WrongPassword") throw error;
    }
  }
  throw new Error("No known password opens the repository.");
}

/** Plain restic takes the first key that the password opens, whatever it holds: none may hold another master key. */
async function expectOneMaster(objects: Objects, passwords: readonly string[]): Promise<void> {
  const storage = memoryStorage(objects);
  const sealed = await storage.get("config");
  for (const password of passwords) {
    try {
      for await (const { id, master } of openKeys(storage, password)) {
        expect(decodeConfig(sealed, master, "the config"), `the key ${id} opens nothing`).toBeDefined();
      }
    } catch (error) {
      if (reasonOf(error) !== "WrongPassword") throw error;
    }
  }
}

/** What a snapshot restores to, in a folder of its own below `folder`, which goes again. Rejects where it is damaged. */
export async function restoredState(repository: Repository, id: Id, folder: string): Promise<Record<string, string>> {
  const snapshot = (await listSnapshots(repository)).find((each) => each.id === id);
  if (!snapshot) throw new Error(`The snapshot ${id} is not there.`);
  const target = join(folder, `restored-${number++}`);
  const { signal } = new AbortController();
  const source = restorable(await loadIndex(repository));
  const { failedPaths } = await restoreSnapshot({ repository: source, snapshot, target, include: [], signal });
  expect(failedPaths).toEqual([]);
  const state = stateOf(target);
  rmSync(target, { recursive: true });
  return state;
}
