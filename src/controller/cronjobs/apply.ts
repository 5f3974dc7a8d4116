import { createHash } from "node:crypto";
import type { KubeClient } from "../../kube/client.ts";
import { cronJobs } from "../../kube/resources.ts";
import type { CronJob, Stored } from "../../kube/types.ts";
import { fieldManager } from "../options.ts";
import type { CronJobPlan } from "./plan.ts";

/**
 * Remembers what was written, and the `metadata.generation` it got: any later change of the specification, by whomever,
 * raises that. After a restart everything is written once more, which changes nothing where it is the same.
 */
export type CronJobMemory = {
  readonly isCurrent: (existing: Stored<CronJob>, desired: CronJob) => boolean;
  readonly wrote: (stored: Stored<CronJob>, desired: CronJob) => void;
  readonly forget: (uid: string) => void;
};

export function createCronJobMemory(): CronJobMemory {
  const written = new Map<string, { readonly generation: number | undefined; readonly hash: string }>();
  return {
    isCurrent: (existing, desired) => {
      const known = written.get(existing.metadata.uid);
      return (
        known !== undefined &&
        known.generation === existing.metadata.generation &&
        known.hash === hashOf(desired) &&
        hasLabels(existing, desired)
      );
    },
    wrote: (stored, desired) => {
      written.set(stored.metadata.uid, { generation: stored.metadata.generation, hash: hashOf(desired) });
    },
    forget: (uid) => written.delete(uid),
  };
}

const hashOf = (desired: CronJob): string => createHash("sha256").update(JSON.stringify(desired)).digest("base64");

const hasLabels = (existing: CronJob, desired: CronJob): boolean =>
  Object.entries(desired.metadata.labels ?? {}).every(([key, value]) => existing.metadata.labels?.[key] === value);

/** Carries a plan out. Throws at the first request that fails: the next reconcile plans anew. */
export async function applyCronJobs(client: KubeClient, plan: CronJobPlan, memory: CronJobMemory): Promise<void> {
  for (const cronJob of plan.create) {
    memory.wrote(await client.create(cronJobs, cronJob, { fieldManager }), cronJob);
  }
  for (const { present, desired } of plan.replace) {
    memory.wrote(await client.replace(cronJobs, putInShape(present, desired), { fieldManager }), desired);
  }
  for (const cronJob of plan.suspend) {
    await client.patch(cronJobs, cronJob.metadata, { spec: { suspend: true } }, { fieldManager });
  }
  for (const { metadata } of plan.remove) {
    await client.delete(cronJobs, metadata, { uid: metadata.uid });
    memory.forget(metadata.uid);
  }
}

/** Our specification as a whole, so that what others added to it goes too; labels and annotations of others stay. */
function putInShape(present: Stored<CronJob>, desired: CronJob): Stored<CronJob> {
  return {
    ...present,
    metadata: {
      ...present.metadata,
      labels: { ...present.metadata.labels, ...desired.metadata.labels },
      ownerReferences: desired.metadata.ownerReferences,
    },
    spec: desired.spec,
  };
}
