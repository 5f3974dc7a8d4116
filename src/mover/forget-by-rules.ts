import type { Retention } from "../api/policy.ts";
import { planRetention } from "../policy/retention.ts";
import { RepositoryError } from "../repository/errors.ts";
import { forgetSnapshots } from "../repository/forget.ts";
import { withLock } from "../repository/locks.ts";
import { prune } from "../repository/prune.ts";
import { openRepository } from "../repository/repository.ts";
import { isIncomplete, listSnapshots } from "../repository/snapshots.ts";
import type { Snapshot } from "../repository/types.ts";
import { failureOf, invalid } from "./failure.ts";
import type { ForgetFlags, ForgottenTarget } from "./forget.ts";
import { maxUnusedFrom } from "./max-unused.ts";
import { type Output, showPacks } from "./output.ts";
import { repositoryOnly } from "./repository-only.ts";
import { lockOf, required } from "./settings.ts";
import { logInternal, type TaskContext } from "./task.ts";
import { wholeNumber } from "./whole-number.ts";

/** Applies keep rules to one repository, as restic's `forget` does: to the snapshots of each host and set of paths apart. */
export async function forgetByRules(
  flags: ForgetFlags,
  { signal, stores }: TaskContext,
  output: Output,
): Promise<ForgottenTarget> {
  const rules = rulesFrom(flags);
  const timeZone = timeZoneFrom(flags);
  const maxUnusedShare = maxUnusedFrom(flags);
  const identity = lockOf(flags);
  const url = required(flags.repository, "--repository");
  const repository = await openRepository(await repositoryOnly(stores, url));
  const notices: string[] = [];
  const onNotice = (notice: string): void => {
    notices.push(notice);
    output.notice(notice);
  };
  const options = { exclusive: !flags.dryRun, identity, onNotice, signal };
  const nothing = {
    target: "repository",
    state: "Good",
    snapshotsRemoved: 0,
    chainsDropped: 0,
    bytesFreed: 0,
  } as const;
  let snapshotsRemoved = 0;
  let bytesFreed = 0;
  const done = () => ({ ...nothing, snapshotsRemoved, bytesFreed: Math.max(0, bytesFreed) });
  try {
    return await withLock(repository, options, async (lock) => {
      const removed = removedByRules(await listSnapshots(repository), rules, timeZone);
      if (flags.dryRun) {
        for (const { id, time, hostname = "", paths } of removed) {
          output.notice(`would remove ${[id.slice(0, 8), time.slice(0, 19), hostname, paths.join(", ")].join("  ")}`);
        }
        return { ...nothing, snapshotsRemoved: removed.length };
      }
      const snapshots = removed.map(({ id }) => id);
      await forgetSnapshots({ repository, lock, snapshots, onRemoved: () => snapshotsRemoved++ });
      if (!flags.prune) return done();
      const onFreed = (bytes: number): void => {
        bytesFreed += bytes;
      };
      const share = maxUnusedShare !== undefined && { maxUnusedShare };
      await prune({ repository, lock, onProgress: showPacks(output), onFreed, ...share });
      return done();
    });
  } catch (error) {
    const failure = failureOf(error);
    const message = [failure.message, ...notices].join(" ");
    const isInternal = failure.reason === "InternalError";
    // What is gone is gone, and is told.
    if (snapshotsRemoved === 0 && bytesFreed <= 0) {
      throw isInternal ? error : new RepositoryError(failure.reason, message, { cause: error });
    }
    if (isInternal) logInternal(error);
    return { ...done(), state: "Failed", reason: failure.reason, message };
  }
}

/** The newest good snapshot of a group stays whatever the rules say. */
function removedByRules(snapshots: readonly Snapshot[], rules: Retention, timeZone: string): Snapshot[] {
  const groups = Map.groupBy(snapshots, ({ hostname = "", paths }) => JSON.stringify([hostname, ...[...paths].sort()]));
  return [...groups.values()].flatMap((group) => {
    const points = group.map((snapshot) => ({
      id: snapshot.id,
      time: snapshot.time,
      chain: "",
      state: isIncomplete(snapshot) ? ("Incomplete" as const) : ("Good" as const),
      verified: false,
      held: false,
      snapshot,
    }));
    const decisions = planRetention({ points, rules, timeZone });
    return decisions.filter(({ keep }) => !keep).map(({ point }) => point.snapshot);
  });
}

function rulesFrom(flags: ForgetFlags): Retention {
  const { keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly } = flags;
  const rules = Object.entries({ keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly }).flatMap(
    ([name, value]) => (value === undefined ? [] : [[name, countFrom(name, value)] as const]),
  );
  // As in restic, a rule that keeps none is no rule.
  const keeping = rules.filter(([, number]) => number > 0);
  if (keeping.length > 0) return Object.fromEntries(keeping);
  throw invalid("No rule says what to keep: give --keep-last, --keep-daily or another one.");
}

function countFrom(name: string, value: string): number {
  const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return wholeNumber(flag, value, { example: 7 });
}

/** By `Temporal`: `Intl` loads the rules of all languages first, which takes 30 ms. */
function timeZoneFrom({ timeZone }: ForgetFlags): string {
  if (timeZone === undefined) return Temporal.Now.timeZoneId();
  try {
    return new Temporal.ZonedDateTime(0n, timeZone).timeZoneId;
  } catch (cause) {
    throw invalid(`«${timeZone}» is no time zone: give one as Europe/Berlin.`, cause);
  }
}
