import { createHash } from "node:crypto";
import type { KubeClient } from "../../kube/client.ts";
import { isForbidden, isKubeError, KubeError } from "../../kube/errors.ts";
import { cronJobs } from "../../kube/resources.ts";
import type { CronJob, Stored } from "../../kube/types.ts";
import { attempt, isRace } from "../failures.ts";
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

/**
 * Carries a plan out, each CronJob by itself: one that is refused keeps no other from being applied. Throws at the end what failed, with the
 * names of all; the next reconcile plans anew.
 */
export async function applyCronJobs(client: KubeClient, plan: CronJobPlan, memory: CronJobMemory): Promise<void> {
  const failures: ApplyFailure[] = [];
  const each = async (cronJob: CronJob, work: () => Promise<void>): Promise<void> => {
    const error = await attempt(work);
    if (error !== undefined) failures.push({ name: cronJob.metadata.name, error });
  };
  for (const cronJob of plan.create) {
    await each(cronJob, async () => memory.wrote(await client.create(cronJobs, cronJob, { fieldManager }), cronJob));
  }
  for (const { present, desired } of plan.replace) {
    await each(present, async () =>
      memory.wrote(await client.replace(cronJobs, putInShape(present, desired), { fieldManager }), desired),
    );
  }
  for (const cronJob of plan.suspend) {
    await each(cronJob, async () => {
      await client.patch(cronJobs, cronJob.metadata, { spec: { suspend: true } }, { fieldManager });
    });
  }
  for (const cronJob of plan.remove) {
    await each(cronJob, async () => {
      await client.delete(cronJobs, cronJob.metadata, { uid: cronJob.metadata.uid });
      memory.forget(cronJob.metadata.uid);
    });
  }
  if (failures.length > 0) throw together(failures);
}

type ApplyFailure = { readonly name: string; readonly error: unknown };

/**
 * One error that names every CronJob which could not be applied, of the first one's kind. What is only a race is left out where
 * something else failed, too: it mends itself, and would have the rest taken for one.
 */
function together(failures: readonly ApplyFailure[]): Error {
  const real = failures.filter(({ error }) => !isRace(error));
  const told = real.length > 0 ? real : failures;
  const message = told
    .map(({ name, error }) => `CronJob ${name}: ${error instanceof Error ? error.message : String(error)}`)
    .join("; ");
  const errors = told.map(({ error }) => error);
  const cause = errors.length === 1 ? errors[0] : new AggregateError(errors, message);
  const first = errors.find(isForbidden) ?? errors.find(isKubeError);
  if (!isKubeError(first)) return new Error(message, { cause });
  return new KubeError({ status: first.status, reason: first.reason, message, cause });
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
