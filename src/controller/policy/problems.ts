import { isTimeZone, nextTime } from "../../policy/schedules.ts";
import { type PolicyInput, targetNames, zoneOf } from "./input.ts";

/** A mistake in a policy which the API server cannot see; a person has to mend it. */
export type Problem = {
  readonly reason: string;
  readonly message: string;
  /** The schedule whose CronJob cannot be applied because of it. */
  readonly schedule?: string;
};

export const problemReason = {
  invalidSpec: "InvalidSpec",
  invalidTimeZone: "InvalidTimeZone",
  invalidCron: "InvalidCron",
  targetNotFound: "TargetNotFound",
  snapshotClassNotFound: "SnapshotClassNotFound",
  nameTaken: "NameTaken",
  policyNotFound: "PolicyNotFound",
} as const;

/** What is wrong with a policy, in the order in which it should be mended. */
export function findProblems(input: PolicyInput, now: Date): readonly Problem[] {
  return [...scheduleProblems(input, now), ...targetProblems(input), ...snapshotClassProblems(input)];
}

function scheduleProblems({ policy }: PolicyInput, now: Date): readonly Problem[] {
  return policy.spec.schedules.flatMap((schedule) => {
    const problem = cronProblem({ cron: schedule.cron, timeZone: zoneOf(policy, schedule), now });
    if (!problem) return [];
    const stays = "; until then its CronJob stays as it was";
    return [{ ...problem, schedule: schedule.name, message: `schedule ${schedule.name}: ${problem.message}${stays}` }];
  });
}

/** What is wrong with a cron expression and its time zone; `undefined` where Kubernetes will take them. */
export function cronProblem(of: {
  readonly cron: string;
  readonly timeZone: string;
  readonly now: Date;
}): Problem | undefined {
  if (!isTimeZone(of.timeZone)) {
    const message = `there is no time zone "${of.timeZone}"; write a name of the IANA database such as Europe/Berlin`;
    return { reason: problemReason.invalidTimeZone, message };
  }
  try {
    nextTime(of, of.now);
    return undefined;
  } catch (error) {
    return { reason: problemReason.invalidCron, message: error instanceof Error ? error.message : String(error) };
  }
}

function targetProblems({ policy, targets }: PolicyInput): readonly Problem[] {
  const existing = new Set(targets.map((target) => target.metadata.name));
  const missing = targetNames(policy).filter((name) => !existing.has(name));
  if (missing.length === 0) return [];
  const which = `there is no BackupTarget ${missing.join(", ")} in namespace ${policy.metadata.namespace}, or none that this version can read`;
  const message = `${which}; make it, or correct the schedules' targets. Until then nothing is copied there`;
  return [{ reason: problemReason.targetNotFound, message }];
}

function snapshotClassProblems({ policy, snapshotClasses }: PolicyInput): readonly Problem[] {
  const wanted = policy.spec.snapshot?.volumeSnapshotClassName;
  if (wanted === undefined || snapshotClasses.some((present) => present.metadata.name === wanted)) return [];
  const known = snapshotClasses.map((present) => present.metadata.name).join(", ") || "none";
  const message = `there is no VolumeSnapshotClass ${wanted} (there is: ${known}); correct spec.snapshot.volumeSnapshotClassName, or leave it out for the driver's default`;
  return [{ reason: problemReason.snapshotClassNotFound, message }];
}
