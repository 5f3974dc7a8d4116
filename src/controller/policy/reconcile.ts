import { type BackupPolicy, parseBackupPolicy } from "../../api/objects.ts";
import { backupPolicies } from "../../kube/holdfast.ts";
import type { Stored } from "../../kube/types.ts";
import { grantAccess } from "../access/access.ts";
import type { Context } from "../context.ts";
import { applyCronJobs } from "../cronjobs/apply.ts";
import { attempt, describeApplyError, isRace } from "../failures.ts";
import { parseOrRefusal, refuse } from "../parse.ts";
import type { Outcome } from "../queue.ts";
import { sayStatus } from "../status.ts";
import { tellEndedRuns, tellStanding } from "../tell.ts";
import { decidePolicy } from "./decide.ts";
import { gatherPolicy } from "./gather.ts";

/** Brings a policy's CronJobs and rights into shape, and says in its status how it stands. */
export async function reconcilePolicy(context: Context, raw: Stored<BackupPolicy>): Promise<Outcome> {
  const { client, caches, image, memory } = context;
  const parsed = parseOrRefusal(parseBackupPolicy, raw);
  if ("refused" in parsed) return await refuse(context, { resource: backupPolicies, object: raw, ...parsed });
  const policy = parsed.object;

  const now = context.now();
  const input = await gatherPolicy({ client, caches, policy, now });
  const decision = decidePolicy({ input, image, isCurrent: memory.isCurrent, now });
  const failure = await attempt(async () => {
    await grantAccess(client, caches, policy.metadata.namespace);
    await applyCronJobs(client, decision.plan, memory);
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
  if (failure) throw failure;
  return { againAfterSeconds: decision.againAfterSeconds };
}
