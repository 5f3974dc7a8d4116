import { type BackupPolicy, parseBackupPolicy } from "../../api/objects.ts";
import { backupPolicies } from "../../kube/holdfast.ts";
import type { Stored } from "../../kube/types.ts";
import { grantAccess } from "../access/access.ts";
import type { Context } from "../context.ts";
import { applyCronJobs } from "../cronjobs/apply.ts";
import { attempt, describeApplyError, isRace } from "../failures.ts";
import { parseOrRefusal, refuse } from "../parse.ts";
import type { Outcome } from "../queue.ts";
import { sayStatus, writeStatus } from "../status.ts";
import { tellEndedRuns, tellStanding } from "../tell.ts";
import { decidePolicy } from "./decide.ts";
import { gatherPolicy } from "./gather.ts";
import { refusedConditions, unjudgedStanding, unjudgedStatus, withoutRefusal } from "./unjudged.ts";

/** Brings a policy's CronJobs and rights into shape, and says in its status how it stands. */
export async function reconcilePolicy(context: Context, raw: Stored<BackupPolicy>): Promise<Outcome> {
  const parsed = parseOrRefusal(parseBackupPolicy, raw);
  if ("refused" in parsed) {
    const conditions = refusedConditions(raw.status, parsed.refused);
    return await refuse(context, { resource: backupPolicies, object: raw, ...parsed, conditions });
  }
  const policy = parsed.object;
  const shaped = await bringIntoShape(context, policy).catch(async (error: unknown) => {
    if (!isRace(error)) await sayUnjudged(context, policy, error);
    throw error;
  });
  if (shaped.failure) throw shaped.failure;
  return { againAfterSeconds: shaped.againAfterSeconds };
}

/** `failure` is what could not be applied, which the status says already. */
type Shaped = { readonly againAfterSeconds: number; readonly failure: unknown };

async function bringIntoShape(context: Context, policy: Stored<BackupPolicy>): Promise<Shaped> {
  const { client, caches, image, memory } = context;
  const now = context.now();
  const input = await gatherPolicy({ client, caches, policy: withoutRefusal(policy), now });
  const { plan, ...decision } = decidePolicy({ input, image, isCurrent: memory.isCurrent, now });
  const failure = await attempt(async () => {
    await grantAccess(client, caches, policy.metadata.namespace);
    await applyCronJobs(client, plan, memory);
  });
  if (isRace(failure)) throw failure;
  const standing = failure ? describeApplyError(failure) : decision.standing;
  const { conditions, status } = decision;
  await sayStatus(context, { resource: backupPolicies, object: policy, standing, conditions, status });
  await tellStanding(context, policy, standing);
  await tellEndedRuns(context, {
    about: policy,
    before: policy.status?.schedules?.map(({ lastRun }) => lastRun) ?? [],
    after: status.schedules?.map(({ lastRun }) => lastRun) ?? [],
  });
  return { failure, againAfterSeconds: decision.againAfterSeconds };
}

/** The last verdicts must not stand as if they were new. That this could not be written either is of no use to anybody: the error is thrown. */
async function sayUnjudged(context: Context, policy: Stored<BackupPolicy>, error: unknown): Promise<void> {
  const standing = unjudgedStanding(error);
  const status = unjudgedStatus(policy, standing, context.now());
  await attempt(async () => {
    await writeStatus({ client: context.client, resource: backupPolicies, object: policy, status });
    await tellStanding(context, policy, standing);
  });
}
