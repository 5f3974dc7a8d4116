import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import type { BackupConfig } from "../contract/configs.ts";
import type { BackupResult } from "../contract/results.ts";
import { readBlob } from "../repository/blobs.ts";
import { checkRepository } from "../repository/check.ts";
import { RepositoryError } from "../repository/errors.ts";
import { loadIndex } from "../repository/load-index.ts";
import { openRepository } from "../repository/repository.ts";
import { findSnapshot } from "../repository/snapshots.ts";
import { findNode } from "../repository/tree.ts";
import { memoryStorage } from "../storage/memory.ts";
import type { Storage } from "../storage/storage.ts";
import { runBackup } from "./run.ts";

/**
 * For tests of whole backups: an empty source folder and two stores in memory, `one` and `two`, new for each test of the file that imports
 * this.
 */

export const password = "correct horse";
export const lock = { holder: "test", deadHolders: [], waitSeconds: 0 };

export let source: string;
export let stores: Record<string, ReturnType<typeof memoryStorage>>;
/** What stands in for a store, for tests of its failures. */
export let replaced: Record<string, Storage>;

beforeEach(async () => {
  source = await mkdtemp(join(tmpdir(), "holdfast-backup-"));
  stores = { one: memoryStorage(), two: memoryStorage() };
  replaced = {};
});
afterEach(async () => {
  await rm(source, { recursive: true, force: true });
});

export const write = async (name: string, content: string | Buffer): Promise<void> => {
  await mkdir(join(source, name, ".."), { recursive: true });
  await writeFile(join(source, name), content);
};
/** Files written a moment ago are read again by the next backup; these tests want old ones. */
export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

export type Change = Partial<BackupConfig> & {
  readonly to?: readonly string[];
  readonly expect?: "Absent" | "Present" | "Any";
  readonly signal?: AbortSignal;
  readonly patienceMilliseconds?: number;
  readonly passwordFlaw?: string;
};

export const storeOf = (url: string): Storage => {
  const [name = "", ...folders] = url.split("/");
  const store = replaced[name] ?? stores[name];
  if (!store) throw new RepositoryError("PasswordMissing", `no password for ${name}`);
  return folders.reduce<Storage>((storage, folder) => storage.below(folder), store);
};

export async function backup({
  to = ["one"],
  expect: expectation = "Any",
  signal,
  patienceMilliseconds,
  passwordFlaw,
  ...config
}: Change = {}): Promise<BackupResult> {
  await settle();
  return runBackup({
    config: {
      source,
      type: "Incremental",
      hostname: "shop",
      path: "/data",
      tags: ["policy"],
      excludes: [],
      targets: to.map((url) => ({ name: url, repository: { url }, expect: expectation })),
      lock,
      ...config,
    },
    open: ({ url }) => ({ storage: storeOf(url), password, passwordFlaw }),
    ...(signal && { signal }),
    ...(patienceMilliseconds && { patienceMilliseconds }),
  });
}

export const repositoryOf = (name: string) => openRepository({ storage: storeOf(name), password });

export async function contentOf(store: string, path: string, snapshot = "latest"): Promise<string> {
  const repository = await loadIndex(await repositoryOf(store));
  const { tree } = await findSnapshot(repository, snapshot);
  const node = await findNode(repository, tree, path);
  const parts = await Promise.all((node?.content ?? []).map((id) => readBlob(repository, id, "data")));
  return Buffer.concat(parts).toString();
}

export const problemsOf = async (store: string) =>
  (await checkRepository({ repository: await repositoryOf(store), readData: true })).problems;
