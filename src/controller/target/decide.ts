import type { BackupTarget } from "../../api/objects.ts";
import type { TargetStatus } from "../../api/target.ts";
import type { Job, Pod, Stored } from "../../kube/types.ts";
import { runReason } from "../../runner/contract.ts";
import {
  type ConditionDraft,
  findCondition,
  mergeConditions,
  type Standing,
  standingConditions,
} from "../conditions.ts";
import { type JobState, jobState } from "../runs/report.ts";
import { probeName } from "./manifest.ts";
import { answeredText, type Finding, findingOf, findingReason } from "./result.ts";

export type ProbeInput = {
  readonly target: Stored<BackupTarget>;
  /** The target's probes that still exist. */
  readonly jobs: readonly Stored<Job>[];
  /** Pods of the present probe. */
  readonly pods: readonly Stored<Pod>[];
  /** Why the present probe's pod does not come to run. */
  readonly blocked: { readonly reason: string; readonly message: string } | undefined;
  readonly now: Date;
};

export type ProbeStep =
  | { readonly step: "Start" }
  | { readonly step: "Await"; readonly seconds: number }
  | { readonly step: "Conclude"; readonly finding: Finding };

const probing = "Probing";
const minute = 60;
const goodEvery = 15 * minute;
/** A pod's end wakes us up; why one does not even start is told to nobody, so we have to look. */
const lookAgainSeconds = 3;
/** A pod's last words may reach us later than the end of its Job. */
const lastWordsMs = 5000;

/** The next step of a target's probing. */
export function decideProbe({ target, jobs, pods, blocked, now }: ProbeInput): ProbeStep {
  const present = jobs.find((job) => job.metadata.name === probeName(target) && !job.metadata.deletionTimestamp);
  if (present) return followProbe({ target, state: jobState(present), pods, blocked, now });
  const seconds = secondsUntilDue(target, now);
  return seconds > 0 ? { step: "Await", seconds } : { step: "Start" };
}

function followProbe(probe: Omit<ProbeInput, "jobs"> & { readonly state: JobState }): ProbeStep {
  const { target, state, pods, blocked, now } = probe;
  if (state.state === "Running") {
    if (blocked) return { step: "Conclude", finding: { reachable: false, ...blocked } };
    return { step: "Await", seconds: lookAgainSeconds };
  }
  const spoken = pods.some(({ status }) => status?.phase === "Succeeded" || status?.phase === "Failed");
  if (!spoken && now.getTime() - Date.parse(state.at) < lastWordsMs) return { step: "Await", seconds: 1 };
  return { step: "Conclude", finding: findingOf({ target, state, pods }) };
}

/** Probes that are of no use any more: of another generation, or already in the status. */
export const uselessProbes = ({ target, jobs }: Pick<ProbeInput, "target" | "jobs">): readonly Stored<Job>[] =>
  jobs.filter((job) => job.metadata.name !== probeName(target) && !job.metadata.deletionTimestamp);

/** 0 or less where a probe is due: at once for a new or changed target, then every 15 minutes, sooner while it fails. */
export function secondsUntilDue({ metadata, status }: Stored<BackupTarget>, now: Date): number {
  const reachable = findCondition(status?.conditions, "Reachable");
  const ready = findCondition(status?.conditions, "Ready");
  const judged = reachable?.observedGeneration === metadata.generation && reachable?.reason !== probing;
  if (!status?.lastProbeTime || !judged) return 0;
  const since = (now.getTime() - Date.parse(status.lastProbeTime)) / 1000;
  // By a clock that was ahead: until then, what it found would stand unproven.
  if (since < 0) return 0;
  // Where the store can be reached it may still be of no use.
  return intervalSeconds(reachable?.status === "True" && ready ? ready : reachable, now) - since;
}

function intervalSeconds(
  condition: { readonly status: string; readonly lastTransitionTime: string } | undefined,
  now: Date,
): number {
  if (condition?.status === "True") return goodEvery;
  const failingFor = (now.getTime() - Date.parse(condition?.lastTransitionTime ?? "")) / 1000;
  if (failingFor < 10 * minute) return minute;
  return failingFor < 30 * minute ? 2 * minute : 5 * minute;
}

/** What a person has to mend; of anything else the next probe may find that it works again. */
const stalledBy: readonly string[] = [
  "CredentialsRejected",
  "BucketNotFound",
  "InvalidConfiguration",
  "WrongPassword",
  "RepositoryDamaged",
  runReason.secretNotFound,
];

export function standingOf({ reachable, shut, reason, message }: Finding): Standing {
  if (reachable && !shut) return { state: "Ready", reason, message };
  return { state: stalledBy.includes(reason) ? "Stalled" : "Failing", reason, message };
}

/** The status after a probe. */
export function concludedStatus(target: Stored<BackupTarget>, finding: Finding, now: Date): TargetStatus {
  const { reachable, shut, reason, message } = finding;
  const answer = shut ? { reason: findingReason.reachable, message: answeredText(target) } : { reason, message };
  const drafts: ConditionDraft[] = [
    ...standingConditions(standingOf(finding)),
    { type: "Reachable", status: reachable ? "True" : "False", ...answer },
  ];
  return statusWith(target, { drafts, now, lastProbeTime: now.toISOString() });
}

/** The status while a new or changed target is probed for the first time; nothing of the last finding holds any more. */
export function probingStatus(target: Stored<BackupTarget>, now: Date): TargetStatus {
  const message = "the target's store is being probed";
  const drafts: ConditionDraft[] = [
    ...standingConditions({ state: "Reconciling", reason: probing, message }),
    { type: "Reachable", status: "Unknown", reason: probing, message },
  ];
  return statusWith(target, { drafts, now, lastProbeTime: target.status?.lastProbeTime });
}

function statusWith(
  { metadata, status }: Stored<BackupTarget>,
  of: { readonly drafts: readonly ConditionDraft[]; readonly now: Date; readonly lastProbeTime: string | undefined },
): TargetStatus {
  const { drafts, now } = of;
  return {
    observedGeneration: metadata.generation,
    conditions: mergeConditions({ previous: status?.conditions, drafts, generation: metadata.generation, now }),
    ...(of.lastProbeTime ? { lastProbeTime: of.lastProbeTime } : {}),
  };
}

/** Whether the conditions speak of an older generation, or of none. */
export const isUnjudged = ({ metadata, status }: Stored<BackupTarget>): boolean =>
  findCondition(status?.conditions, "Reachable")?.observedGeneration !== metadata.generation;
