import type { BackupResult } from "../contract/results.ts";
import type { SnapshotType } from "../contract/snapshot-type.ts";
import { RepositoryError, reasonOf } from "../repository/errors.ts";
import type { HeldLock, SettlingLock } from "../repository/hold-lock.ts";
import { loadPresentIndex, type PresentIndex } from "../repository/load-index.ts";
import { createPackWriter, type PackWriter } from "../repository/pack-writer.ts";
import { type Provenance, provenanceOf } from "../repository/provenance.ts";
import { recentSnapshots } from "../repository/recent-snapshots.ts";
import { initialiseRepository, openRepository } from "../repository/repository.ts";
import { withSharedLock } from "../repository/shared-lock.ts";
import { isIncomplete, listSnapshots } from "../repository/snapshots.ts";
import type { Repository, Snapshot } from "../repository/types.ts";
import { currentUser } from "../repository/user.ts";
import { requireWritable } from "../repository/writable.ts";
import { doubtAboutEmptiness } from "./emptied.ts";
import { takeInventory } from "./inventory.ts";
import { describeEverything } from "./left-out.ts";
import { chooseOrigin } from "./origin.ts";
import { chooseParent, newestOf } from "./parent.ts";
import type { BackupPlan, BackupTarget, ReadResult } from "./plan.ts";
import { createSession, type TargetSession } from "./session.ts";
import type { Participant } from "./shared-read.ts";
import { writeSnapshot } from "./write-snapshot.ts";

export type TargetResult = BackupResult["targets"][number];

/** A target's part of the run. */
export interface TargetOutcome {
  readonly result: TargetResult;
  /** The read that it took part in, even if it had failed by the end of it. */
  readonly read?: ReadResult | undefined;
  /** The one that was written, now or by an earlier attempt at the same run. */
  readonly snapshot?: Snapshot;
}

export interface TargetRun {
  readonly plan: BackupPlan;
  readonly target: BackupTarget;
  readonly read: Participant<TargetSession, ReadResult>;
}

/** What came of it so far. */
interface Attempt {
  /** Sentences for people, which end up in the target's message. */
  readonly notices: string[];
  read?: ReadResult;
}

const newAttempt = (): Attempt => ({ notices: [] });

/** Opens the target, takes part in the shared read, and writes its snapshot. Never rejects: a failure is its result. */
export async function runTarget(run: TargetRun): Promise<TargetOutcome> {
  const { plan, target } = run;
  const notices: string[] = [];
  /** The one that counts. */
  let attempt = newAttempt();
  try {
    const { storage, password, passwordFlaw } = await plan.open(target.repository);
    try {
      if (passwordFlaw !== undefined && hasChains(target)) notices.push(`${passwordFlaw} Change the password.`);
      const repository = await enter(run, { storage, password, passwordFlaw });
      const options = {
        identity: plan.config.lock,
        signal: plan.signal,
        onNotice: (notice: string) => notices.push(notice),
      };
      const outcome = await withSharedLock(repository, options, (shared, lock) => {
        const begun = newAttempt();
        // What was seen before the lock has settled may be somebody else's work half done.
        const count = () => {
          attempt = begun;
        };
        lock.settled.then(count, () => {});
        return backUp(run, begun, shared, lock);
      });
      const inventory = await takeInventory({ plan, target, password, notices, written: outcome.snapshot?.id });
      const message = [outcome.result.message, ...attempt.notices, ...notices].filter(Boolean).join(" ");
      return {
        ...outcome,
        read: attempt.read,
        result: { ...outcome.result, ...(message && { message }), ...inventory },
      };
    } finally {
      storage.close();
    }
  } catch (error) {
    return { read: attempt.read, result: failedResult(target, error, [...attempt.notices, ...notices]) };
  }
}

/** `Present` never makes a repository, whatever the store says. */
async function enter(
  { plan, target }: TargetRun,
  opened: Awaited<ReturnType<BackupPlan["open"]>>,
): Promise<Repository> {
  // Whose older chains have such a password goes on with it: its next Full shall not fail, and opens as they do.
  const passwordFlaw = hasChains(target) ? undefined : opened.passwordFlaw;
  const repository =
    target.expect === "Present"
      ? await openRepository(opened)
      : await initialiseRepository({
          ...opened,
          passwordFlaw,
          hostname: plan.hostname,
          username: currentUser().username,
        });
  requireWritable(repository);
  return repository;
}

const hasChains = ({ inventory }: BackupTarget): boolean => Object.keys(inventory?.known ?? {}).length > 0;

async function backUp(
  run: TargetRun,
  attempt: Attempt,
  repository: Repository,
  lock: SettlingLock,
): Promise<TargetOutcome> {
  const { plan, target, read } = run;
  const { notices } = attempt;
  const { snapshots, stored } = await recentSnapshots(repository, {
    isEnough: (recent) => {
      const parent = chooseParent(recent, plan, plan.config.type);
      return parent !== undefined && !isIncomplete(parent);
    },
    onDamage: ({ message }) => notices.push(message),
  });
  const written = snapshots.find(({ tags }) => plan.config.runTag !== undefined && tags?.includes(plan.config.runTag));
  const present = await loadPresentIndex(repository);
  const { repository: indexed } = present;
  if (written && indexed.index.has(written.tree, "tree")) return alreadyWritten(target, written, stored === 1);
  if (written) notices.push(whatIsLeftOf(written));
  if (target.expect === "Absent" && stored > 0) {
    throw new RepositoryError(
      "RepositoryNotEmpty",
      `A Full needs a place of its own, but ${repository.storage.description} already holds ${stored} snapshots: use another URL, or make an Incremental.`,
    );
  }
  const { provenance, scope } = chooseOrigin({ ...plan.config, isFirst: stored === 0 });
  notices.push(...noticesOf(plan.config.type, provenance, present));
  const parent = chooseParent(snapshots, plan, provenance.type);
  const { owner } = provenance;
  const writer = createPackWriter(plan.packing, { repository, index: indexed.index, owner, scope });
  const session = createSession({ name: target.name, repository: indexed, writer, lock, parent, notices });
  try {
    lock.signal.throwIfAborted();
    // Others may read for hours: who has to begin anew does not wait for them.
    attempt.read = await Promise.race([read.join(session), refusalOf(lock)]);
    if (session.failure) throw session.failure.error;
    return await complete(run, {
      repository,
      lock,
      session,
      writer,
      read: attempt.read,
      provenance,
      // Here it must be the newest one indeed, so that none may be passed over; and it is asked for only where the source is empty.
      before: async () => newestOf(await listSnapshots(repository), plan),
    });
  } catch (error) {
    read.withdraw(session);
    await writer.abandon();
    throw session.failure ? session.failure.error : error;
  } finally {
    session.end();
  }
}

/** Rejects where the lock does not settle, and never resolves. */
const refusalOf = ({ settled }: SettlingLock): Promise<never> => settled.then(() => new Promise<never>(() => {}));

/** What is not as one would expect it, in sentences for people. */
function* noticesOf(
  wanted: SnapshotType,
  { type }: Provenance,
  { repository: { index }, lostPacks }: PresentIndex,
): Generator<string> {
  if (lostPacks.length > 0)
    yield `${lostPacks.length} packs are missing from the store; what this backup needs of them was stored again, older snapshots may be damaged: run check.`;
  if (wanted === "Differential" && type === "Full")
    yield "There was no Full to add to, so this Differential became one.";
  if (type !== "Differential") return;
  const unknown = [...index.packs()].filter((pack) => index.ownerOf(pack) === undefined).length;
  if (unknown > 0)
    yield `Nobody knows which run wrote ${unknown} of the packs: restic wrote them, or the index anew. What this Differential needs of them was stored again; a new Full makes the next ones small.`;
}

interface Completion {
  readonly repository: Repository;
  readonly lock: HeldLock;
  readonly session: TargetSession;
  readonly writer: PackWriter;
  readonly read: ReadResult;
  readonly provenance: Provenance;
  /** The newest snapshot before this one. Rejects where any cannot be read: that may be it. */
  readonly before: () => Promise<Snapshot | undefined>;
}

/** The order matters: packs, then the index, and only when both are safe and our lock still stands the snapshot; and then the lock once more. */
async function complete({ plan, target }: TargetRun, completion: Completion): Promise<TargetOutcome> {
  const { repository, lock, session, writer, read, provenance, before } = completion;
  await writer.finish();
  await lock.confirm();
  const doubt = doubtAbout(read) ?? (await doubtAboutEmptiness({ plan, target, read, before, folders: session }));
  const isIncomplete = doubt !== undefined;
  const snapshot = await writeSnapshot({ plan, repository, lock, session, writer, read, provenance, isIncomplete });
  return {
    snapshot,
    result: {
      target: target.name,
      state: doubt ? "Incomplete" : "Good",
      ...doubt,
      repository: target.repository.url,
      type: provenance.type,
      snapshot: snapshot.id,
      ...(session.parent && { parent: session.parent.id }),
      bytesAdded: writer.counts.bytesAdded,
      bytesStored: writer.counts.bytesStored,
    },
  };
}

/** Why a snapshot is written but does not count: paths are missing in it. */
function doubtAbout({
  failures,
  leftOut,
  isAllLeftOut,
}: ReadResult): Pick<TargetResult, "reason" | "message"> | undefined {
  if (failures.count > 0) {
    return {
      reason: "ReadErrors",
      message: `${failures.count} paths could not be read; the first: ${failures.paths[0]}.`,
    };
  }
  if (isAllLeftOut) {
    return {
      reason: "EverythingExcluded",
      message: describeEverything(leftOut),
    };
  }
  return undefined;
}

/** Of an earlier attempt that lost its lock: a prune had begun before its snapshot was stored. */
const whatIsLeftOf = ({ id }: Snapshot): string =>
  `An earlier attempt at this run had written the snapshot ${id}, whose data somebody removed: it is stored again. Forget that snapshot.`;

/** An earlier attempt at this run got as far as the snapshot: this one has nothing to do here. */
function alreadyWritten(target: BackupTarget, snapshot: Snapshot, isFirst: boolean): TargetOutcome {
  const incomplete = isIncomplete(snapshot);
  return {
    snapshot,
    result: {
      target: target.name,
      state: incomplete ? "Incomplete" : "Good",
      ...(incomplete && { reason: "ReadErrors" }),
      message: "An earlier attempt at this run had written the snapshot already.",
      repository: target.repository.url,
      type: provenanceOf(snapshot)?.type ?? (isFirst ? "Full" : "Incremental"),
      snapshot: snapshot.id,
      ...(snapshot.parent && { parent: snapshot.parent }),
      ...(snapshot.summary && {
        bytesAdded: snapshot.summary.data_added,
        bytesStored: snapshot.summary.data_added_packed,
      }),
    },
  };
}

export const failedResult = (target: BackupTarget, error: unknown, notices: readonly string[]): TargetResult => ({
  target: target.name,
  state: "Failed",
  reason: reasonOf(error),
  message: [error instanceof Error ? error.message : String(error), ...notices].join(" "),
  repository: target.repository.url,
});
