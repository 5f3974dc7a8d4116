import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkMirror } from "../../src/mirror/check.ts";
import { withMirrorLock } from "../../src/mirror/locks.ts";
import { runMirror } from "../../src/mirror/run.ts";
import { StorageError } from "../../src/storage/errors.ts";
import { memoryStorage } from "../../src/storage/memory.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { bytes, identity, plain, saying } from "./fault-scenarios.ts";
import type { Ended, Scenario, Subject } from "./fault-subject.ts";
import { seeded } from "./hostile-random.ts";
import type { Objects } from "./hostile-repository.ts";
import { mirrorJudge, restoredMirror } from "./mirror-judge.ts";
import { stateOf } from "./state-of.ts";

const prefix = "mirror/";
const { signal } = new AbortController();

/** Whose names begin like the mirror's, and what else lies beside it. */
const neighbours = new Map([
  ["mirror.txt", Buffer.from("what this is")],
  ["mirror-of-somebody/files/constant", Buffer.from("another mirror's")],
]);

export const mirrorScenarios: readonly Scenario[] = [
  {
    name: "the first run of a mirror",
    async prepare(folder) {
      const { source, objects, earlier } = makeScene(folder);
      const done = stateOf(source);
      const judge = mirrorJudge({ folder, prefix, allowed: [undefined, done], done, foreign: neighbours });
      return { objects, prefix, earlier, run: mirror(source), judge };
    },
  },
  {
    name: "a run with changes of a mirror",
    async prepare(folder) {
      const { source, objects, earlier, run } = makeScene(folder);
      await run();
      const foreign = addForeign(objects);
      const before = stateOf(source);
      change(source);
      const done = stateOf(source);
      const judge = mirrorJudge({ folder, prefix, allowed: [before, done], done, foreign });
      return { objects, prefix, earlier, run: mirror(source), judge };
    },
  },
  {
    name: "a mirror run with a large file",
    async prepare(folder) {
      const { source, objects, earlier, run } = makeScene(folder);
      await run();
      const before = stateOf(source);
      // More than one part.
      writeFileSync(join(source, "changing"), Buffer.alloc(8_500_000, "large"));
      const done = stateOf(source);
      const judge = mirrorJudge({ folder, prefix, allowed: [before, done], done, foreign: neighbours });
      return { objects, prefix, earlier, run: mirror(source), judge };
    },
  },
  {
    name: "a mirror run after an interruption",
    async prepare(folder) {
      const { source, objects, earlier, run } = makeScene(folder);
      await run();
      change(source);
      await run({ copies: 1 });
      const before = stateOf(source);
      writeFileSync(join(source, "leaves"), "is back");
      const done = stateOf(source);
      const judge = mirrorJudge({ folder, prefix, allowed: [before, done], done, foreign: neighbours });
      return { objects, prefix, earlier, run: mirror(source), judge };
    },
  },
  {
    name: "a mirror in somebody else's place",
    async prepare(folder) {
      const { source, objects, earlier } = makeScene(folder);
      objects.set(`${prefix}files/constant`, Buffer.from("somebody else's"));
      const foreign = new Map(objects);
      const judge = mirrorJudge({ folder, prefix, allowed: [undefined], done: undefined, foreign });
      return { objects, prefix, earlier, run: refused(source), judge };
    },
  },
  {
    name: "restoring and checking a mirror",
    async prepare(folder) {
      const { source, objects, earlier, run } = makeScene(folder);
      await run();
      change(source);
      await run({ copies: 1 });
      const done = stateOf(source);
      const judge = mirrorJudge({ folder, prefix, allowed: [done], done, foreign: neighbours });
      return { objects, prefix, earlier, run: restoreAndCheck(folder), judge: { ...judge, async expectClean() {} } };
    },
  },
];

/** A run that is tried again has the same tag, as a pod that Kubernetes starts anew. */
const mirror =
  (source: string, runTag = "run"): Subject["run"] =>
  async (storage, attempt) => {
    const { state, message } = await runMirror({
      config: { ...plain, source, type: "Full", path: "/data", runTag, lock: identity(attempt) },
      settings: { unencrypted: true, maximumChange: 100, owner: [], acknowledge: [] },
      openStorage: async () => storage,
      signal,
    });
    return { isDone: state === "Good", said: message ?? "" };
  };

/** What it is to do is to do nothing, and to say so. */
const refused =
  (source: string): Subject["run"] =>
  async (storage, attempt) => {
    const { isDone, said } = await mirror(source)(storage, attempt);
    return { isDone: said.includes("A mirror needs a place of its own"), said: isDone ? "it was done" : said };
  };

const restoreAndCheck =
  (folder: string): Subject["run"] =>
  async (storage, attempt): Promise<Ended> => {
    let restored: Readonly<Record<string, string>> | undefined;
    const ended = await saying(() =>
      withMirrorLock(storage, { exclusive: false, identity: identity(attempt) }, async () => {
        restored = await restoredMirror(storage, folder);
        if (!restored) throw new Error("there is no mirror");
        const { problems } = await checkMirror({ storage, readData: true, signal });
        if (problems.length > 0) throw new Error(problems.join(" "));
      }),
    );
    return { ...ended, ...(restored && { restored }) };
  };

interface Scene {
  readonly source: string;
  readonly objects: Objects;
  readonly earlier: Map<string, Buffer>;
  /** Lets a run mirror the source; with `copies`, one whose store is lost after as many. */
  run(until?: { readonly copies: number }): Promise<void>;
}

let runs = 0;

function makeScene(folder: string): Scene {
  const source = join(folder, "source");
  const objects: Objects = new Map(neighbours);
  const earlier = new Map<string, Buffer>();
  const random = seeded(1);
  mkdirSync(join(source, "folder"), { recursive: true });
  writeFileSync(join(source, "constant"), bytes(random, 2000));
  writeFileSync(join(source, "changing"), bytes(random, 3000));
  writeFileSync(join(source, "leaves"), "leaves");
  writeFileSync(join(source, "folder", "moves"), "moves");
  writeFileSync(join(source, "becomes a folder"), "file");
  return {
    source,
    objects,
    earlier,
    async run(until) {
      const ended = await mirror(source, `run ${runs++}`)(remembering(objects, earlier, until?.copies), 0);
      if (ended.isDone !== (until === undefined)) throw new Error(`The scene could not be made: ${ended.said}`);
    },
  };
}

/** A store that keeps in mind what it overwrites, and may go away after so many copies. */
function remembering(objects: Objects, earlier: Map<string, Buffer>, copies = Number.POSITIVE_INFINITY): Storage {
  const memory = memoryStorage(objects, prefix);
  let left = copies;
  return {
    ...memory,
    async put(key, data, options) {
      const old = objects.get(prefix + key);
      await memory.put(key, data, options);
      if (old) earlier.set(prefix + key, old);
    },
    async copy(from, to) {
      if (left-- <= 0) throw new StorageError("Failed", "the store is gone");
      await memory.copy(from, to);
    },
  };
}

/** Of the same size, too. */
function change(source: string): void {
  const random = seeded(2);
  writeFileSync(join(source, "changing"), bytes(random, 3000));
  rmSync(join(source, "leaves"));
  renameSync(join(source, "folder", "moves"), join(source, "moved"));
  rmSync(join(source, "becomes a folder"));
  mkdirSync(join(source, "becomes a folder"));
  writeFileSync(join(source, "becomes a folder", "inside"), "inside");
}

/** Somebody's notes beside the mirror's own folders. */
function addForeign(objects: Objects): Map<string, Buffer> {
  const notes = Buffer.from("what this is");
  objects.set(`${prefix}README`, notes);
  return new Map([...neighbours, [`${prefix}README`, notes]]);
}
