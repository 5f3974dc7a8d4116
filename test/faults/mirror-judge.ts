import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { checkMirror } from "../../src/mirror/check.ts";
import { openMirror } from "../../src/mirror/open.ts";
import { reasonOf } from "../../src/repository/errors.ts";
import { restoreSnapshot } from "../../src/restore/restore.ts";
import { memoryStorage } from "../../src/storage/memory.ts";
import type { Storage } from "../../src/storage/storage.ts";
import type { Judge } from "./fault-subject.ts";
import type { Objects } from "./hostile-repository.ts";
import { stateOf } from "./state-of.ts";

type State = Readonly<Record<string, string>>;

export interface MirrorExpectation {
  readonly folder: string;
  readonly prefix: string;
  /** What may be in the mirror at any time; undefined stands for «there is no mirror yet». */
  readonly allowed: readonly (State | undefined)[];
  /** What is in it when the command is done. */
  readonly done: State | undefined;
  /** Objects that are not the mirror's, wherever they lie. */
  readonly foreign: ReadonlyMap<string, Buffer>;
}

const { signal } = new AbortController();
let number = 0;

/** A mirror is at any time exactly what one whole run saw, and nobody else's object is touched. */
export function mirrorJudge({ folder, prefix, allowed, done, foreign }: MirrorExpectation): Judge {
  return {
    async expectWhole(objects) {
      for (const [key, bytes] of foreign) expect(objects.get(key), key).toEqual(bytes);
      const storage = memoryStorage(objects, prefix);
      const state = await restoredMirror(storage, folder);
      expect(allowed).toContainEqual(state);
      if (state) expect(await checkMirror({ storage, readData: true, signal })).toMatchObject({ problems: [] });
    },
    async expectDone(objects, ended) {
      expect(await restoredMirror(memoryStorage(objects, prefix), folder)).toEqual(done);
      if (ended.restored) expect(ended.restored).toEqual(done);
    },
    async expectClean(objects) {
      const files = Object.entries(done ?? {}).filter(([, state]) => state.startsWith("mode 100"));
      const own = done ? [".holdfast/state", ...files.map(([path]) => `files${path}`)] : [];
      const expected = [...own.map((key) => prefix + key), ...foreign.keys()];
      expect(objectsOf(objects)).toEqual(expected.sort());
      const storage = memoryStorage(objects, prefix);
      if (done)
        expect(await checkMirror({ storage, readData: true, signal })).toMatchObject({ problems: [], hints: [] });
    },
  };
}

/** What a mirror restores to, in a folder of its own below `folder`, which goes again; undefined where there is none yet. */
export async function restoredMirror(storage: Storage, folder: string): Promise<State | undefined> {
  const target = join(folder, `restored-${number++}`);
  try {
    const repository = await openMirror(storage);
    const snapshot = repository.manifest;
    const { failures } = await restoreSnapshot({ repository, snapshot, target, include: [], signal });
    if (failures.length > 0) throw new Error(`not all was restored: ${JSON.stringify(failures)}`);
    return stateOf(target);
  } catch (error) {
    if (reasonOf(error) === "RepositoryNotFound") return undefined;
    throw error;
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}

/** But for the manifest and its folders. */
const objectsOf = (objects: Objects): string[] =>
  [...objects.keys()].filter((key) => !/\.holdfast\/(manifests|trees)\//.test(key)).sort();
