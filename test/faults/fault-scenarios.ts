import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runBackup } from "../../src/backup/run.ts";
import { backupConfig } from "../../src/contract/configs.ts";
import { forgetGiven } from "../../src/mover/forget-given.ts";
import { createOutput } from "../../src/mover/output.ts";
import { openToRotate, rotatePassword } from "../../src/repository/change-keys.ts";
import { newConfig, writeConfig } from "../../src/repository/config.ts";
import { idOf, randomMasterKey } from "../../src/repository/crypto.ts";
import { type LockOptions, withLock } from "../../src/repository/locks.ts";
import { repairIndex } from "../../src/repository/repair-index.ts";
import { openRepository } from "../../src/repository/repository.ts";
import type { Id } from "../../src/repository/types.ts";
import { memoryStorage } from "../../src/storage/memory.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { makeJudge, restoredState } from "./fault-judge.ts";
import type { Ended, Scenario } from "./fault-subject.ts";
import { seeded } from "./hostile-random.ts";
import { cheapKey, type Objects, password } from "./hostile-repository.ts";
import { stateOf } from "./state-of.ts";

/** What a command works on, and what must come out of it. */
export interface Scene {
  readonly source: string;
  readonly objects: Objects;
  /** What each snapshot must restore to, by id, oldest first. */
  readonly expected: ReadonlyMap<Id, Record<string, string>>;
}

export interface RepositoryCommand {
  readonly name: string;
  readonly backups: number;
  /** Each attempt is a holder of its own, who knows that those before it are dead. Never rejects. */
  readonly run: (scene: Scene, storage: Storage, attempt: number) => Promise<Ended>;
  /** Which snapshots it is to remove. */
  readonly removes: (snapshots: readonly Id[]) => readonly Id[];
  /** Passwords that may open the repository afterwards; the first one alone when it is done. */
  readonly passwords?: readonly string[];
  /** An earlier attempt was interrupted, and left this key. */
  readonly keyLeft?: "first" | "new";
  /** Nothing unreferenced is left when it was done without a fault. */
  readonly leavesNothing?: boolean;
}

const newPassword = "the new password";
const none = (): Id[] => [];

const commands: readonly RepositoryCommand[] = [
  { name: "initialise, and the first backup", backups: 0, run: backUp("Incremental"), removes: none },
  { name: "initialise after an interruption", backups: 0, run: backUp("Incremental"), removes: none, keyLeft: "first" },
  { name: "an incremental backup", backups: 2, run: backUp("Incremental"), removes: none },
  { name: "a differential backup", backups: 2, run: backUp("Differential"), removes: none },
  {
    name: "forget and prune",
    backups: 3,
    run: (scene, storage, attempt) => forget(scene, storage, attempt, 2),
    removes: (snapshots) => snapshots.slice(0, 2),
    leavesNothing: true,
  },
  {
    name: "the removal of a whole chain",
    backups: 2,
    run: (scene, storage, attempt) => forget(scene, storage, attempt, 2),
    removes: (snapshots) => snapshots,
  },
  { name: "rotating the password", backups: 2, run: rotate, removes: none, passwords: [newPassword, password] },
  {
    name: "rotating after an interruption",
    backups: 2,
    run: rotate,
    removes: none,
    passwords: [newPassword, password],
    keyLeft: "new",
  },
  { name: "repairing the index", backups: 2, run: repair, removes: none },
  { name: "restoring a snapshot", backups: 2, run: restore, removes: none },
];

export const repositoryScenarios: readonly Scenario[] = commands.map((command) => ({
  name: command.name,
  async prepare(folder) {
    const scene = await makeScene(join(folder, "source"), command);
    return {
      objects: scene.objects,
      prefix: "",
      earlier: new Map(),
      run: (storage, attempt) => command.run(scene, storage, attempt),
      judge: makeJudge(folder, scene, command),
    };
  },
}));

export const identity = (attempt: number): LockOptions["identity"] => ({
  holder: `attempt ${attempt}`,
  deadHolders: Array.from({ length: attempt }, (_, earlier) => `attempt ${earlier}`),
  waitSeconds: 0,
});

export const plain = backupConfig.omit({ source: true, lock: true, type: true }).parse({
  targets: [{ name: "one", repository: { url: "memory" }, expect: "Any" }],
});

/** A run that is tried again has the same tag, as a pod that Kubernetes starts anew. */
function backUp(type: "Incremental" | "Differential"): RepositoryCommand["run"] {
  return async ({ source }, storage, attempt) => {
    const { targets, message } = await runBackup({
      config: { ...plain, source, type, runTag: "run", lock: identity(attempt) },
      open: async () => ({ storage, password }),
    });
    const [target] = targets;
    return { isDone: target?.state === "Good", said: message ?? "", wrote: target?.snapshot };
  };
}

async function forget({ expected }: Scene, storage: Storage, attempt: number, number: number): Promise<Ended> {
  const chain = {
    chain: "only",
    repository: { url: "memory" },
    snapshots: [...expected.keys()].slice(0, number),
    dropWhenEmpty: true,
  };
  const context = {
    signal: new AbortController().signal,
    started: 0,
    stores: {
      open: async () => ({ storage, password }),
      password: () => password,
      openStorage: async () => storage,
      closeAll() {},
    },
  };
  const quiet = { ...createOutput({ json: true }), notice() {} };
  const config = { targets: [{ name: "one", chains: [chain] }], lock: identity(attempt) };
  const [result] = await forgetGiven(config, context, quiet);
  return { isDone: result?.state === "Good", said: result?.message ?? "", freed: result?.bytesFreed ?? 0 };
}

async function rotate(_: Scene, storage: Storage, attempt: number): Promise<Ended> {
  return saying(async () => {
    const repository = await openToRotate({ storage, password, newPassword });
    await withLock(repository, { exclusive: true, identity: identity(attempt) }, (lock) =>
      rotatePassword({ repository, lock, oldPassword: password, newPassword }),
    );
  });
}

async function repair(_: Scene, storage: Storage, attempt: number): Promise<Ended> {
  return saying(async () => {
    const repository = await openRepository({ storage, password });
    await withLock(repository, { exclusive: true, identity: identity(attempt) }, async (lock) => {
      const { damagedPacks, missingPacks } = await repairIndex({ repository, lock });
      if (damagedPacks.length + missingPacks.length > 0) throw new Error("packs are damaged or missing");
    });
  });
}

/** The older of two, into a folder of its own. */
async function restore({ source, expected }: Scene, storage: Storage, attempt: number): Promise<Ended> {
  const [id = ""] = expected.keys();
  let restored: Record<string, string> = {};
  const ended = await saying(async () => {
    const repository = await openRepository({ storage, password });
    await withLock(repository, { exclusive: false, identity: identity(attempt) }, async () => {
      restored = await restoredState(repository, id, dirname(source));
    });
  });
  return { ...ended, restored };
}

export async function saying(work: () => Promise<void>): Promise<Ended> {
  try {
    await work();
    return { isDone: true, said: "" };
  } catch (error) {
    return { isDone: false, said: error instanceof Error ? error.message : String(error) };
  }
}

/** A repository with as many backups, whose key costs next to nothing to open; the source has changed since the last. */
async function makeScene(source: string, { backups, keyLeft }: RepositoryCommand): Promise<Scene> {
  const objects: Objects = new Map();
  const expected = new Map<Id, Record<string, string>>();
  const scene: Scene = { source, objects, expected };
  const random = seeded(backups);
  mkdirSync(join(source, "folder"), { recursive: true });
  writeFileSync(join(source, "constant"), bytes(random, 2000));
  change(scene, 0);
  const storage = memoryStorage(objects);
  const master = randomMasterKey();
  const key = cheapKey(master);
  if (backups > 0 || keyLeft === "first") objects.set(`keys/${idOf(key)}`, key);
  if (backups === 0) return scene;
  await writeConfig(storage, master, newConfig());
  for (let round = 1; round <= backups; round++) {
    const { targets } = await runBackup({
      config: { ...plain, source, type: round === 3 ? "Differential" : "Incremental", lock: identity(0) },
      open: async () => ({ storage, password }),
    });
    expected.set(targets[0]?.snapshot ?? "", stateOf(source));
    change(scene, round);
  }
  const another = cheapKey(master, {}, newPassword);
  if (keyLeft === "new") objects.set(`keys/${idOf(another)}`, another);
  return scene;
}

function change({ source }: Scene, round: number): void {
  const random = seeded(1000 + round);
  writeFileSync(join(source, "changing"), bytes(random, 3000));
  writeFileSync(join(source, "folder", `added ${round}`), `round ${round}`);
  rmSync(join(source, "folder", `added ${round - 1}`), { force: true });
}

export const bytes = (random: ReturnType<typeof seeded>, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => random.below(256)));
