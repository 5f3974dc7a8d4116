import { events } from "../../kube/resources.ts";
import type { Job, KubeEvent, Pod, Stored } from "../../kube/types.ts";
import { defaultPatience } from "../../runner/context.ts";
import { findProblem } from "../../runner/mover-problems.ts";
import type { Caches } from "../caches.ts";
import type { Context } from "../context.ts";
import { isOwnedBy } from "../owners.ts";
import { jobState, newestPod } from "./report.ts";
import type { RunFacts } from "./summary.ts";

/** A pod that has not come to run for this long is looked into. */
const slowStartMs = 10_000;

type Asking = Pick<Context, "client" | "log">;

/** Gathers what is known of the runs behind `jobs`. Asks the API server only about those that do not come to run. */
export async function gatherRuns(
  context: Asking & Pick<Context, "caches">,
  of: {
    readonly jobs: readonly Stored<Job>[];
    readonly leftEvidence: (job: Stored<Job>) => boolean;
    readonly now: Date;
  },
): Promise<readonly RunFacts[]> {
  const { jobs, leftEvidence, now } = of;
  return await Promise.all(
    jobs.map(async (job) => {
      const pods = podsOf(context.caches, job);
      return { job, pods, leftEvidence: leftEvidence(job), blocked: await findBlock(context, { job, pods, now }) };
    }),
  );
}

export const podsOf = (caches: Caches, job: Stored<Job>): readonly Stored<Pod>[] =>
  caches.pods.list(job.metadata.namespace).filter((pod) => isOwnedBy(pod, job.metadata.uid));

/** Why a Job's pod does not come to run; `undefined` while there is nothing to complain about. */
export async function findBlock(
  context: Asking,
  of: { readonly job: Stored<Job>; readonly pods: readonly Stored<Pod>[]; readonly now: Date },
): Promise<{ readonly reason: string; readonly message: string } | undefined> {
  const { job, now } = of;
  const pod = newestPod(of.pods);
  const waiting = pod === undefined || pod.status?.phase === "Pending";
  const ageMs = now.getTime() - Date.parse((pod ?? job).metadata.creationTimestamp);
  if (!waiting || jobState(job).state !== "Running" || ageMs < slowStartMs) return undefined;
  const about = [job.metadata.uid, ...(pod ? [pod.metadata.uid] : [])];
  const found = await Promise.all(about.map((uid) => eventsAbout(context, job.metadata.namespace, uid)));
  const problem = findProblem({ job, pod, events: found.flat(), claim: undefined }, defaultPatience);
  if (!problem || ageMs < problem.graceSeconds * 1000) return undefined;
  return { reason: problem.reason, message: problem.message };
}

/** Events only explain: where they cannot be listed, all else is judged without them. */
async function eventsAbout(
  { client, log }: Asking,
  namespace: string | undefined,
  uid: string,
): Promise<readonly KubeEvent[]> {
  try {
    return (await client.list(events, { namespace, fieldSelector: `involvedObject.uid=${uid}` })).items;
  } catch (error) {
    log.warn({ namespace, uid, err: error }, "could not list the events about a run that does not start");
    return [];
  }
}
