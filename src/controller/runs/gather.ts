import type { KubeClient } from "../../kube/client.ts";
import { events } from "../../kube/resources.ts";
import type { Job, KubeEvent, Pod, Stored } from "../../kube/types.ts";
import { defaultPatience } from "../../runner/context.ts";
import { findProblem } from "../../runner/mover-problems.ts";
import type { Caches } from "../caches.ts";
import { isOwnedBy } from "../owners.ts";
import { jobState, newestPod } from "./report.ts";
import type { RunFacts } from "./summary.ts";

/** A pod that has not come to run for this long is looked into. */
const slowStartMs = 10_000;

/** Gathers what is known of the runs behind `jobs`. Asks the API server only about those that do not come to run. */
export async function gatherRuns(options: {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly jobs: readonly Stored<Job>[];
  readonly leftEvidence: (job: Stored<Job>) => boolean;
  readonly now: Date;
}): Promise<readonly RunFacts[]> {
  const { client, caches, jobs, leftEvidence, now } = options;
  return await Promise.all(
    jobs.map(async (job) => {
      const pods = podsOf(caches, job);
      return { job, pods, leftEvidence: leftEvidence(job), blocked: await findBlock({ client, job, pods, now }) };
    }),
  );
}

export const podsOf = (caches: Caches, job: Stored<Job>): readonly Stored<Pod>[] =>
  caches.pods.list(job.metadata.namespace).filter((pod) => isOwnedBy(pod, job.metadata.uid));

/** Why a Job's pod does not come to run; `undefined` while there is nothing to complain about. */
export async function findBlock(options: {
  readonly client: KubeClient;
  readonly job: Stored<Job>;
  readonly pods: readonly Stored<Pod>[];
  readonly now: Date;
}): Promise<{ readonly reason: string; readonly message: string } | undefined> {
  const { client, job, now } = options;
  const pod = newestPod(options.pods);
  const waiting = pod === undefined || pod.status?.phase === "Pending";
  const ageMs = now.getTime() - Date.parse((pod ?? job).metadata.creationTimestamp);
  if (!waiting || jobState(job).state !== "Running" || ageMs < slowStartMs) return undefined;
  const about = [job.metadata.uid, ...(pod ? [pod.metadata.uid] : [])];
  const found = await Promise.all(about.map((uid) => eventsAbout(client, job.metadata.namespace, uid)));
  const problem = findProblem({ job, pod, events: found.flat(), claim: undefined }, defaultPatience);
  if (!problem || ageMs < problem.graceSeconds * 1000) return undefined;
  return { reason: problem.reason, message: problem.message };
}

async function eventsAbout(
  client: KubeClient,
  namespace: string | undefined,
  uid: string,
): Promise<readonly KubeEvent[]> {
  const listed = await client.list(events, { namespace, fieldSelector: `involvedObject.uid=${uid}` });
  return listed.items;
}
