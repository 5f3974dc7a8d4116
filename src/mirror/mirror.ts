import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { collectFailures, type Failures } from "../backup/failures.ts";
import { countLeftOut, describeEverything } from "../backup/left-out.ts";
import { machineOwnerNames, noOwnerNames } from "../backup/owner-names.ts";
import type { BackupProgress, RunFacts } from "../backup/plan.ts";
import { programVersion } from "../backup/program-version.ts";
import { sourceUnreadable } from "../backup/read-source.ts";
import { selectionBy } from "../backup/selection.ts";
import { deviceNumbers, isOfSource, nodeOf, withAttributes } from "../backup/source.ts";
import { sourcePaths } from "../backup/source-paths.ts";
import type { BackupConfig } from "../contract/configs.ts";
import type { LeftOut } from "../contract/results.ts";
import { RepositoryError } from "../repository/errors.ts";
import type { HeldLock } from "../repository/locks.ts";
import type { Id, Snapshot, SnapshotDocument } from "../repository/types.ts";
import { currentUser } from "../repository/user.ts";
import type { Storage } from "../storage/storage.ts";
import { changesBetween, summarise } from "./changes.ts";
import { MassChangeError, ReadErrorsError } from "./errors.ts";
import { type Amount, type GuardSettings, guard, isTooMuch } from "./guard.ts";
import { layout } from "./layout.ts";
import { presentObjects } from "./presence.ts";
import { type Scan, type ScanTotals, scanFolder } from "./scan.ts";
import { clearFiles, clearOld, clearStaging, settle } from "./settle.ts";
import { type MirrorState, readManifest, readStateTwice, writeManifest, writeState } from "./state.ts";
import { innerTree, openTrees, type Trees } from "./trees.ts";
import { startUploads } from "./uploads.ts";

export interface MirrorOptions {
  readonly storage: Storage;
  readonly config: BackupConfig;
  readonly facts: RunFacts;
  readonly settings: NonNullable<BackupConfig["mirror"]>;
  /** There was a good mirror: a missing one is an error, and never made anew. */
  readonly mustExist: boolean;
  readonly lock: HeldLock;
  readonly onProgress: (progress: BackupProgress) => void;
}

export interface Mirrored {
  readonly manifest: Snapshot;
  /** Undefined where an earlier attempt at the same run had done everything. */
  readonly totals: ScanTotals | undefined;
  readonly leftOut?: LeftOut | undefined;
}

/**
 * Makes the mirror an exact copy of the source. Until the new one is whole in the store the one before stays whole, and counts; then one put of the
 * state makes the new one count, and only then are objects of the old one replaced and removed. Rejects with `MassChange` or `ReadErrors`,
 * and then the mirror is as it was.
 */
export async function makeMirror(options: MirrorOptions): Promise<Mirrored> {
  const { storage, facts, lock } = options;
  const trees = openTrees(storage);
  const state = await enter(options);
  const before = state.phase === "Beginning" ? undefined : await readManifest(storage, state.manifest);
  if (before) assertOwned(options, before);
  await finishEarlier(options, trees, state, before);
  const isDone = before && options.config.runTag !== undefined && before.tags?.includes(options.config.runTag);
  if (isDone) return { manifest: before, totals: undefined };

  const generation = randomBytes(8).toString("hex");
  const failures = collectFailures();
  const scanned = await readSource(options, { trees, before, generation, failures });
  if (failures.count > 0) {
    await clearStaging(storage, lock);
    throw new ReadErrorsError(storage.description, failures);
  }
  if (scanned.isAllLeftOut) {
    await clearStaging(storage, lock);
    throw new RepositoryError("EverythingExcluded", describeEverything(scanned.leftOut));
  }
  if (before) await assertNoMassChange(options, trees, before, scanned);
  await lock.confirm();
  const manifest = await writeManifest(storage, describe(facts, options, scanned));
  if (before) {
    await writeState(storage, { phase: "Settling", manifest: manifest.id, previous: before.id, generation });
    await settle({ storage, trees, manifest, previous: before, generation, isResumed: false, lock });
  } else {
    await writeState(storage, { phase: "Settled", manifest: manifest.id });
  }
  await clearOld(storage, lock, { manifest: manifest.id, reached: scanned.reached });
  return { manifest, totals: scanned.totals, leftOut: scanned.leftOut };
}

/** A place that holds anything else is left alone, whatever it is. */
async function enter({ storage, mustExist }: MirrorOptions): Promise<MirrorState> {
  const state = await readStateTwice(storage);
  if (state && (state.phase !== "Beginning" || !mustExist)) return state;
  if (mustExist) {
    throw new RepositoryError(
      "RepositoryNotFound",
      `There was a good mirror at ${storage.description}, and now there is none: nothing was written. Is this the right place?`,
    );
  }
  // A listing that is behind would make somebody's files ours.
  for (let listing = 0; listing < 2; listing++) await assertEmpty(storage);
  await writeState(storage, { phase: "Beginning" });
  return { phase: "Beginning" };
}

async function assertEmpty(storage: Storage): Promise<void> {
  for await (const { key } of storage.list("")) {
    if (key.startsWith(layout.locks)) continue;
    throw new RepositoryError(
      "RepositoryNotEmpty",
      `A mirror needs a place of its own, but ${storage.description} holds ${key}: use another URL.`,
    );
  }
}

function assertOwned({ storage, settings }: MirrorOptions, { tags = [] }: Snapshot): void {
  const missing = settings.owner.filter((tag) => !tags.includes(tag));
  if (missing.length === 0) return;
  throw new RepositoryError(
    "RepositoryNotEmpty",
    `The mirror ${storage.description} is somebody else's: it is marked ${tags.join(", ")}, and not ${missing.join(", ")}. ` +
      "Nothing was changed; use another prefix, or remove that mirror.",
  );
}

/** Ends what an interrupted run began. */
async function finishEarlier(
  { storage, lock }: MirrorOptions,
  trees: Trees,
  state: MirrorState,
  manifest: Snapshot | undefined,
): Promise<void> {
  if (!manifest) {
    await clearFiles(storage, lock);
    return;
  }
  if (state.phase === "Settling") {
    const previous = await readManifest(storage, state.previous);
    const { generation } = state;
    await settle({ storage, trees, manifest, previous, generation, isResumed: true, lock });
  }
  await clearStaging(storage, lock);
}

interface Scanned {
  readonly tree: Id;
  readonly totals: ScanTotals;
  readonly reached: ReadonlySet<Id>;
  readonly leftOut: LeftOut | undefined;
  readonly isAllLeftOut: boolean;
}

interface Reading {
  readonly trees: Trees;
  readonly before: Snapshot | undefined;
  readonly generation: string;
  readonly failures: Failures;
}

async function readSource(options: MirrorOptions, reading: Reading): Promise<Scanned> {
  const { storage, config, facts, lock, onProgress } = options;
  const { trees, before, failures } = reading;
  const { source } = config;
  const settings = before && guardSettings(options, before);
  const totals: ScanTotals = { files: 0, folders: 0, entries: 0, bytes: 0, bytesRead: 0, bytesStored: 0 };
  const selection = selectionBy(config);
  const nothing = { files: 0, bytes: 0 };
  const scan: Scan = {
    ...reading,
    storage,
    uploads: startUploads(storage),
    paths: sourcePaths(source),
    selection,
    leftOut: countLeftOut(),
    signal: lock.signal,
    deviceNumber: deviceNumbers(),
    ownerNames: resolve(source) === facts.path ? machineOwnerNames() : noOwnerNames,
    presence: await presentObjects(storage),
    isFirst: before === undefined,
    replaced: { ...nothing },
    totals,
    reached: new Set(),
    isTooMuch: (replaced) =>
      settings !== undefined &&
      isTooMuch({ before: amountOf(before), removed: nothing, replaced, filesAfter: 1 }, settings),
    onProgress: (bytes) => onProgress({ phase: "mirror", bytesDone: totals.bytes + bytes, filesDone: totals.files }),
  };
  try {
    const previous = before && (await innerTree(trees, before.tree));
    const empty = Buffer.alloc(0);
    const { root: part, rules } = selection;
    const inner = await scanFolder(scan, { place: scan.paths.root, relative: "", path: empty, previous, part });
    const subtree = inner ?? (await trees.write([], undefined));
    scan.reached.add(subtree);
    const path = Buffer.from(source);
    const root = { name: Buffer.from(nameOf(facts)), path, stat: statSync(path, { bigint: true }) };
    // The slash makes it the folder, where the path is a link to one.
    const node = withAttributes(nodeOf(root, scan), Buffer.from(`${source}/`));
    if (node.error) failures.add("", new Error(node.error));
    const tree = await trees.write([{ ...node, subtree }], before?.tree);
    scan.reached.add(tree);
    const leftOut = rules.length > 0 ? scan.leftOut.total() : undefined;
    return { tree, totals, reached: scan.reached, leftOut, isAllLeftOut: scan.leftOut.isEverything(totals.entries) };
  } catch (error) {
    throw isOfSource(error) ? sourceUnreadable(source, error) : error;
  } finally {
    scan.paths.close();
    await scan.uploads.finish();
  }
}

async function assertNoMassChange(
  options: MirrorOptions,
  trees: Trees,
  before: Snapshot,
  { tree, totals }: Scanned,
): Promise<void> {
  const { storage, lock } = options;
  const [old, current] = [await innerTree(trees, before.tree), await innerTree(trees, tree)];
  const amounts = { before: amountOf(before), ...(await summarise(changesBetween(trees, old, current))) };
  const verdict = guard({ ...amounts, filesAfter: totals.files }, guardSettings(options, before));
  if (verdict.verdict === "Proceed") return;
  await clearStaging(storage, lock);
  throw new MassChangeError(storage.description, { ...amounts, share: verdict.share, token: verdict.token });
}

const guardSettings = ({ settings }: MirrorOptions, before: Snapshot): GuardSettings => ({
  maximumChange: settings.maximumChange,
  acknowledged: settings.acknowledge,
  base: before.id,
});

const amountOf = (manifest: Snapshot | undefined): Amount => ({
  files: manifest?.summary?.total_files_processed ?? 0,
  bytes: manifest?.summary?.total_bytes_processed ?? 0,
});

/** The name of the folder in the manifest. */
const nameOf = ({ path }: RunFacts): string => basename(path) || "root";

function describe(facts: RunFacts, { config }: MirrorOptions, { tree, totals }: Scanned): SnapshotDocument {
  const none = {
    files_new: 0,
    files_changed: 0,
    files_unmodified: 0,
    dirs_new: 0,
    dirs_changed: 0,
    dirs_unmodified: 0,
  };
  const excludes = selectionBy(config).rules;
  return {
    time: facts.time,
    tree,
    paths: [`/${nameOf(facts)}`],
    hostname: facts.hostname,
    username: currentUser().username,
    ...(excludes.length > 0 && { excludes }),
    ...(facts.tags.length > 0 && { tags: facts.tags }),
    program_version: programVersion,
    summary: {
      backup_start: facts.started,
      backup_end: new Date().toISOString(),
      ...none,
      dirs_unmodified: totals.folders,
      data_blobs: 0,
      tree_blobs: 0,
      data_added: totals.bytesStored,
      data_added_packed: totals.bytesStored,
      total_files_processed: totals.files,
      total_bytes_processed: totals.bytes,
    },
  };
}
