import { type BackupPolicy, InvalidObjectError, parseBackupPolicy } from "../../api/objects.ts";
import { backupPolicies } from "../../kube/holdfast.ts";
import type { Stored } from "../../kube/types.ts";
import { grantAccess } from "../access/access.ts";
import { mergeConditions, type Standing, standingConditions } from "../conditions.ts";
import type { Context } from "../context.ts";
import { applyCronJobs } from "../cronjobs/apply.ts";
import { describeApplyError, isRace } from "../failures.ts";
import type { Outcome } from "../queue.ts";
import { writeStatus } from "../status.ts";
import { tellEndedRuns, tellStanding } from "../tell.ts";
import { decidePolicy, type PolicyDecision } from "./decide.ts";
import { gatherPolicy } from "./gather.ts";
import { problemReason } from "./problems.ts";

/** Brings a policy's CronJobs and rights into shape, and says in its status how it stands. */
export async function reconcilePolicy(context: Context, raw: Stored<BackupPolicy>): Promise<Outcome> {
  const { client, caches, options, memory } = context;
  const now = context.now();
  const policy = parse(raw);
  if (policy instanceof InvalidObjectError) return await refuse(context, raw, policy.message);

  const input = await gatherPolicy({ client, caches, policy, now });
  const decision = decidePolicy({ input, image: options, isCurrent: memory.isCurrent, now });
  const failure = await attempt(async () => {
    await grantAccess(client, caches, policy.metadata.namespace);
    await applyCronJobs(client, decision.plan, memory);
  });
  if (isRace(failure)) throw failure;
  await say(context, policy, failure ? { ...decision, standing: describeApplyError(failure) } : decision);
  if (failure) throw failure;
  return { againAfterSeconds: decision.againAfterSeconds };
}

function parse(raw: Stored<BackupPolicy>): Stored<BackupPolicy> | InvalidObjectError {
  try {
    return parseBackupPolicy(raw) as Stored<BackupPolicy>;
  } catch (error) {
    if (error instanceof InvalidObjectError) return error;
    throw error;
  }
}

async function attempt(work: () => Promise<void>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error;
  }
}

async function say(context: Context, policy: Stored<BackupPolicy>, decision: PolicyDecision): Promise<void> {
  const { client, now } = context;
  const conditions = mergeConditions({
    previous: policy.status?.conditions,
    drafts: [...standingConditions(decision.standing), ...decision.conditions],
    generation: policy.metadata.generation,
    now: now(),
  });
  const status = { ...decision.status, conditions };
  await writeStatus({ client, resource: backupPolicies, object: policy, status });
  await tellStanding(context, policy, decision.standing);
  const before = policy.status?.schedules?.map((schedule) => schedule.lastRun) ?? [];
  await tellEndedRuns(context, {
    about: policy,
    before,
    after: decision.status.schedules?.map(({ lastRun }) => lastRun),
  });
}

/** A policy that got past the API server's checks, such as one written by a newer version: nothing of it is touched. */
async function refuse(context: Context, policy: Stored<BackupPolicy>, message: string): Promise<Outcome> {
  const standing: Standing = { state: "Stalled", reason: problemReason.invalidSpec, message };
  const conditions = mergeConditions({
    previous: policy.status?.conditions,
    drafts: standingConditions(standing),
    generation: policy.metadata.generation,
    now: context.now(),
  });
  const status = { ...policy.status, observedGeneration: policy.metadata.generation, conditions };
  await writeStatus({ client: context.client, resource: backupPolicies, object: policy, status });
  await tellStanding(context, policy, standing);
  return {};
}
