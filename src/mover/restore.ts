import { resolve } from "node:path";
import { Command } from "commander";
import { type RestoreConfig, restoreConfig, type VerifyConfig, verifyConfig } from "../contract/configs.ts";
import type { RestoreResult } from "../contract/results.ts";
import { withMirrorLock } from "../mirror/locks.ts";
import { assertNamed, isMirror, openMirror } from "../mirror/open.ts";
import { loadIndex } from "../repository/load-index.ts";
import { openRepository } from "../repository/repository.ts";
import { withSharedLock } from "../repository/shared-lock.ts";
import { findSnapshot, isIncomplete, listSnapshots } from "../repository/snapshots.ts";
import type { Snapshot } from "../repository/types.ts";
import { restoreToDevice, verifyDevice } from "../restore/device.ts";
import { newOutcome, type Outcome } from "../restore/outcome.ts";
import { type Restorable, restorable } from "../restore/restorable.ts";
import { restoreSnapshot } from "../restore/restore.ts";
import { verifyFolder } from "../restore/verify.ts";
import type { Storage } from "../storage/storage.ts";
import { isBlockDevice } from "../system/block-device.ts";
import { exitCodeOf } from "./exit.ts";
import { failureOf, invalid } from "./failure.ts";
import { noticeOfIncomplete } from "./incomplete.ts";
import { addCommonOptions, collect } from "./options.ts";
import { createOutput, type Output } from "./output.ts";
import { describeRestore, type RestoreEnd, restoreResult, type SoFar } from "./restore-result.ts";
import { type CommonOptions, lockOf, required, settingsFor } from "./settings.ts";
import { logInternal, runTask, type TaskContext } from "./task.ts";

interface RestoreFlags extends CommonOptions {
  readonly snapshot: string;
  readonly target?: string;
  readonly include: readonly string[];
  readonly verify?: boolean;
  readonly overwriteDevice?: boolean;
}

export function restoreCommand(): Command {
  const command = new Command("restore")
    .description("Bring a snapshot back into an empty folder")
    .option("--snapshot <id>", "the snapshot's id, or latest", "latest")
    .option("--target <dir>", "the folder to restore into; made where it is missing")
    .option("--include <path>", "only this path, counted from the backed-up folder (repeatable)", collect, [])
    .option("--overwrite-device", "the target is a block device: write the image of one over it")
    .option("--verify", "read everything back afterwards and compare it with the repository");
  return addCommonOptions(command).action((flags: RestoreFlags) =>
    runTask((context) =>
      perform(flags, context, "restore", (output, begun) => {
        const config = settingsFor(restoreConfig, flags, () => ({
          ...configFrom(flags),
          verify: flags.verify ?? false,
          overwriteDevice: flags.overwriteDevice ?? false,
        }));
        return withSnapshot(config, context, output, (source) => restore(config, source, output, begun));
      }),
    ),
  );
}

export function verifyCommand(): Command {
  const command = new Command("verify")
    .description("Compare a restored folder with a snapshot, byte by byte, without writing")
    .option("--snapshot <id>", "the snapshot's id, or latest", "latest")
    .option("--target <dir>", "the folder to compare")
    .option("--include <path>", "only this path was restored, as it was given to restore (repeatable)", collect, []);
  return addCommonOptions(command).action((flags: RestoreFlags) =>
    runTask((context) =>
      perform(flags, context, "verify", (output) => {
        const config = settingsFor(verifyConfig, flags, () => configFrom(flags));
        return withSnapshot(config, context, output, (source) => verify(config, source, output));
      }),
    ),
  );
}

const configFrom = (flags: RestoreFlags) => ({
  repository: { url: required(flags.repository, "--repository") },
  snapshot: flags.snapshot,
  target: resolve(required(flags.target, "--target")),
  include: [...flags.include],
  lock: lockOf(flags),
});

/** What a restore leaves to be told of it, should it break off. */
interface Begun {
  soFar?: SoFar;
}

async function perform(
  flags: RestoreFlags,
  { started }: TaskContext,
  kind: RestoreResult["kind"],
  work: (output: Output, begun: Begun) => Promise<RestoreEnd>,
): Promise<number> {
  const output = createOutput({ json: flags.json ?? false });
  const notices: string[] = [];
  const notice = (text: string) => {
    notices.push(text);
    output.notice(text);
  };
  const begun: Begun = {};
  let end: RestoreEnd;
  try {
    end = await work({ ...output, notice }, begun);
  } catch (error) {
    const failure = failureOf(error);
    if (failure.reason === "InternalError") logInternal(error);
    end = { failure, soFar: begun.soFar };
  }
  const result = restoreResult(kind, end, { started, notices });
  // Whoever reads along was given notice already.
  const forPeople = restoreResult(kind, end, { started, notices: [] });
  output.result(result, describeRestore(forPeople, begun.soFar));
  return exitCodeOf(result);
}

interface Source {
  readonly repository: Restorable;
  readonly snapshot: Snapshot;
  readonly signal: AbortSignal;
}

/** Snapshots are found before the index is read: whatever they refer to is then in it. */
async function withSnapshot(
  config: RestoreConfig | VerifyConfig,
  { stores, signal }: TaskContext,
  output: Output,
  work: (source: Source) => Promise<RestoreEnd>,
): Promise<RestoreEnd> {
  const storage = await stores.openStorage(config.repository);
  if (await isMirror(storage)) return withMirror(config, storage, { signal, output }, work);
  const repository = await openRepository({ storage, password: stores.password(config.repository) });
  const options = { identity: config.lock, onNotice: output.notice, signal };
  return withSharedLock(repository, options, async (shared, lock) => {
    const snapshot = await findSnapshot(shared, config.snapshot);
    const notice = isIncomplete(snapshot) && noticeOfIncomplete(snapshot, await listSnapshots(shared));
    const indexed = await loadIndex(shared);
    await lock.settled;
    if (notice) output.notice(notice);
    return work({ repository: restorable(indexed), snapshot, signal: lock.signal });
  });
}

function withMirror(
  config: RestoreConfig | VerifyConfig,
  storage: Storage,
  { signal, output }: { readonly signal: AbortSignal; readonly output: Output },
  work: (source: Source) => Promise<RestoreEnd>,
): Promise<RestoreEnd> {
  const options = { exclusive: false, identity: config.lock, onNotice: output.notice, signal };
  return withMirrorLock(storage, options, async (lock) => {
    const mirror = await openMirror(storage);
    assertNamed(mirror, config.snapshot, storage.description);
    return work({ repository: mirror, snapshot: mirror.manifest, signal: lock.signal });
  });
}

/** Whether the target is a device. Throws where that is not what was said: a device is overwritten without a way back. */
function assertMeant(config: RestoreConfig): boolean {
  const { target, overwriteDevice = false } = config;
  const isDevice = isBlockDevice(target);
  if (isDevice && !overwriteDevice) {
    throw invalid(`${target} is a block device, which a restore overwrites: say --overwrite-device if that is meant.`);
  }
  if (!isDevice && overwriteDevice) throw invalid(`--overwrite-device is given, but ${target} is no block device.`);
  if (isDevice) assertWhole(config);
  return isDevice;
}

/** Of what is on a device nothing can be chosen. */
function assertWhole({ include }: VerifyConfig): void {
  if (include.length > 0) throw invalid("A block device is restored as a whole: leave out --include.");
}

async function restore(
  config: RestoreConfig,
  { repository, snapshot, signal }: Source,
  output: Output,
  begun: Begun,
): Promise<RestoreEnd> {
  const common = { ...selectionOf(config), repository, snapshot, signal };
  const isDevice = assertMeant(config);
  const { url } = config.repository;
  const what = { ...selectionOf(config), repository: url, snapshot: snapshot.id, isDevice };
  const soFar: SoFar = { ...what, restored: newOutcome(), phase: "restore" };
  begun.soFar = soFar;
  const restored = await (isDevice ? restoreToDevice : restoreSnapshot)({
    ...common,
    outcome: soFar.restored,
    onProgress: (progress) => output.progress({ phase: "restore", ...progress }),
  });
  tell(restored, output);
  if (!config.verify) return { snapshot: snapshot.id, restored };
  soFar.phase = "verify";
  const verified = await (isDevice ? verifyDevice : verifyFolder)({
    ...common,
    onProgress: (progress) => output.progress({ phase: "verify", ...progress }),
  });
  return { snapshot: snapshot.id, restored, verified };
}

async function verify(
  config: VerifyConfig,
  { repository, snapshot, signal }: Source,
  output: Output,
): Promise<RestoreEnd> {
  const onProgress = (progress: { bytesDone: number; filesDone: number }) =>
    output.progress({ phase: "verify", ...progress });
  const isDevice = isBlockDevice(config.target);
  if (isDevice) assertWhole(config);
  const compare = isDevice ? verifyDevice : verifyFolder;
  const verified = await compare({ ...selectionOf(config), repository, snapshot, onProgress, signal });
  return { snapshot: snapshot.id, verified };
}

const selectionOf = ({ target, include, includeFromFolder }: VerifyConfig) => ({ target, include, includeFromFolder });

function tell(outcome: Outcome, output: Output): void {
  for (const notice of outcome.notices) output.notice(notice);
}
