import { setTimeout as sleep } from "node:timers/promises";
import { events, jobs, persistentVolumeClaims, pods } from "../kube/resources.ts";
import type { ContainerStatus, Job, KubeEvent, Pod, Stored } from "../kube/types.ts";
import type { RunContext } from "./context.ts";
import { runReason } from "./contract.ts";
import { deleteAndWait, ensure, findOurs, isGoing } from "./ensure.ts";
import { RunFailure } from "./failure.ts";
import { findProblem, type Problem } from "./mover-problems.ts";

/** How the container of a Job ended. */
export type JobEnd = {
  readonly pod: Stored<Pod>;
  readonly exitCode: number;
  /** Kubernetes' word for it, such as `OOMKilled`. */
  readonly reason: string | undefined;
  readonly terminationMessage: string;
};

export type JobTask = {
  readonly job: Job;
  readonly container: string;
  /** The volume the pod waits for, for the reason why it does not come. */
  readonly claim?: string;
  /** Whether this is the end: the Job makes no other pod then, and nothing more will be said of this one. */
  readonly isFinal: (exitCode: number, pod: Stored<Pod>) => boolean;
  /** Called with each pod, again when it has a node, and now and then while it runs. */
  readonly onPod?: (pod: Stored<Pod>) => Promise<void>;
};

/** The cluster has stopped the pod, or lost it: nothing is wrong with its task, which may well be done by another one. */
export class PodLost extends RunFailure {
  constructor(message: string) {
    super(runReason.moverLost, message);
  }
}

/** Long runs are looked at less often. */
const pauseMs = (elapsedMs: number): number => (elapsedMs < 120_000 ? 500 : 2000);
/** Problems are looked for at every so many looks, as events are dearer to read. */
const looksPerProblem = 4;

/** Starts a Job, or finds it started by an earlier attempt of this run; one that had failed, or whose result is gone with its pod, is started anew. */
export async function startJob(context: RunContext, job: Job): Promise<Stored<Job>> {
  const { name } = job.metadata;
  const found = await findStarted(context, name);
  if (found) return found;
  if (await findOurs(context, jobs, name)) await deleteAndWait(context, [{ resource: jobs, name }]);
  return await ensure(context, jobs, job);
}

/** A Job that an earlier attempt of this run has started, and that tells its end, or will: undefined where there is none to go on with. */
export async function findStarted(context: RunContext, name: string): Promise<Stored<Job> | undefined> {
  const found = await findOurs(context, jobs, name);
  const isLive = found && !hasFailed(found) && !isGoing(found) && !(await hasLostResult(context, found));
  return isLive ? found : undefined;
}

/**
 * Follows a Job until its container has ended for good. Throws a `RunFailure` where it cannot start, was lost, or took longer
 * than its time limit.
 */
export async function followJob(context: RunContext, job: Stored<Job>, task: JobTask): Promise<JobEnd> {
  const started = performance.now();
  const problems = problemWatch();
  for (let look = 0; ; look++) {
    context.signal.throwIfAborted();
    const { current, pod } = await lookAt(context, job);
    if (pod) await task.onPod?.(pod);
    const end = pod && endOf(pod, task.container);
    if (end && (task.isFinal(end.exitCode, end.pod) || end.reason === "OOMKilled")) return end;
    if (hasFailed(current)) return endOfFailed(current, end);
    // The pods were looked at after the Job: none is to come.
    if (isComplete(current) && !end) throw lostResult(current);
    if (look % looksPerProblem === 0) problems.note(await findProblemOf(context, current, pod, task.claim));
    await sleep(pauseMs(performance.now() - started), undefined, { signal: context.signal });
  }
}

async function lookAt({ client }: RunContext, { metadata }: Stored<Job>) {
  const current = await client.find(jobs, metadata);
  if (current?.metadata.uid !== metadata.uid) {
    throw new RunFailure(runReason.moverLost, `the Job ${metadata.name} was deleted while it ran; run it again`);
  }
  return { current, pod: await newestPod(client, metadata) };
}

async function newestPod(
  client: RunContext["client"],
  { uid, namespace }: Stored<Job>["metadata"],
): Promise<Stored<Pod> | undefined> {
  const labelSelector = `batch.kubernetes.io/controller-uid=${uid}`;
  const { items } = await client.list(pods, { namespace, labelSelector });
  return items.toSorted((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1)).at(-1);
}

/** It ended well, and its pod, which was to tell how, was deleted before anybody asked: with its node, or as one of too many. */
const hasLostResult = async ({ client }: RunContext, job: Stored<Job>): Promise<boolean> =>
  isComplete(job) && (await newestPod(client, job.metadata)) === undefined;

const lostResult = ({ metadata }: Job): RunFailure =>
  new RunFailure(
    runReason.moverLost,
    `${metadata.name} ended well, but its pod, which was to tell how, was deleted before it was asked; run it again`,
  );

function endOf(pod: Stored<Pod>, container: string): JobEnd | undefined {
  const status = pod.status?.containerStatuses?.find(({ name }) => name === container);
  const terminated: NonNullable<ContainerStatus["state"]>["terminated"] = status?.state?.terminated;
  if (!terminated) return undefined;
  const { exitCode, reason, message = "" } = terminated;
  return { pod, exitCode, reason, terminationMessage: message };
}

const conditionOf = (job: Job, wanted: "Complete" | "Failed") =>
  job.status?.conditions?.find(({ type, status }) => type === wanted && status === "True");
const failedCondition = (job: Job) => conditionOf(job, "Failed");
const isComplete = (job: Job): boolean => conditionOf(job, "Complete") !== undefined;
const hasFailed = (job: Job): boolean => failedCondition(job) !== undefined;

/** What the pod said if it could; else what Kubernetes says of the Job. */
function endOfFailed(job: Stored<Job>, end: JobEnd | undefined): JobEnd {
  const condition = failedCondition(job);
  if (condition?.reason === "DeadlineExceeded") {
    const limit = job.spec?.activeDeadlineSeconds;
    throw new RunFailure(
      runReason.timeLimitExceeded,
      `${job.metadata.name} was stopped after its time limit of ${limit} seconds; raise spec.mover.timeLimit if it needs longer`,
    );
  }
  const disruption = end?.pod.status?.conditions?.find(
    ({ type, status }) => type === "DisruptionTarget" && status === "True",
  );
  if (disruption) {
    const why = `${disruption.reason ?? "no reason"}: ${disruption.message ?? "no message"}`;
    throw new PodLost(`the pod of ${job.metadata.name} was stopped by the cluster (${why}); run it again`);
  }
  if (end) return end;
  const said = condition?.message ?? "no message";
  throw new PodLost(`every pod of ${job.metadata.name} was lost: ${said}`);
}

async function findProblemOf(context: RunContext, job: Stored<Job>, pod: Stored<Pod> | undefined, claimName?: string) {
  const { client, identity, patience } = context;
  if (pod && pod.status?.phase !== "Pending" && !pod.metadata.deletionTimestamp) return undefined;
  const { namespace } = identity;
  const claim = claimName ? await client.find(persistentVolumeClaims, { namespace, name: claimName }) : undefined;
  const seen: KubeEvent[] = [];
  for (const about of [job, pod, claim]) {
    if (!about) continue;
    const fieldSelector = `involvedObject.uid=${about.metadata.uid}`;
    seen.push(...(await client.list(events, { namespace, fieldSelector })).items);
  }
  return findProblem({ job, pod, events: seen, claim }, patience);
}

/** Throws once a problem has lasted for its time of grace, by our own clock. */
function problemWatch() {
  let since: { readonly reason: string; readonly at: number } | undefined;
  return {
    note(problem: Problem | undefined): void {
      if (problem?.reason !== since?.reason) since = problem && { reason: problem.reason, at: performance.now() };
      if (!problem || !since || performance.now() - since.at < problem.graceSeconds * 1000) return;
      throw new RunFailure(problem.reason, problem.message);
    },
  };
}
