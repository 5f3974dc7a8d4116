import { label, labelValue } from "../../api/names.ts";
import type { BackupPolicy } from "../../api/objects.ts";
import type { Stored } from "../../kube/types.ts";
import type { Context } from "../context.ts";
import { readablePoints, readableTargets, readableTests } from "../readable.ts";
import { gatherRuns } from "../runs/gather.ts";
import type { PolicyInput } from "./input.ts";

/** What a policy is judged by, from the caches. Other objects that this version cannot read are left out, as if they were not there. */
export async function gatherPolicy(
  context: Pick<Context, "client" | "caches" | "log">,
  policy: Stored<BackupPolicy>,
  now: Date,
): Promise<PolicyInput> {
  const { caches } = context;
  const { namespace, name } = policy.metadata;
  const points = readablePoints(caches.points.list(namespace)).filter((point) => point.spec.policy === name);
  const jobs = caches.jobs
    .list(namespace)
    .filter(({ metadata: { labels } }) => labels?.[label.policy] === labelValue(name) && labels[label.schedule]);
  const runs = await gatherRuns(context, {
    jobs: jobs.filter((job) => job.metadata.labels?.[label.component] === "runner"),
    leftEvidence: (job) => points.some((point) => point.spec.run === job.metadata.uid),
    now,
  });
  return {
    policy,
    points,
    claims: caches.claims.list(namespace),
    targets: readableTargets(caches.targets.list(namespace)),
    cronJobs: caches.cronJobs.list(namespace),
    storageClasses: caches.storageClasses.list(),
    snapshotClasses: caches.snapshotClasses.list(),
    tests: readableTests(caches.tests.list(namespace)).filter((test) => test.spec.policyRef.name === name),
    runs: runs.map((facts) => ({ facts, schedule: facts.job.metadata.labels?.[label.schedule] ?? "" })),
  };
}
