import { type BackupPolicy, parseBackupPolicy } from "../../api/objects.ts";
import type { PolicyStatus } from "../../api/policy.ts";
import { backupPolicies } from "../../kube/holdfast.ts";
import type { Stored } from "../../kube/types.ts";
import { grantAccess } from "../access/access.ts";
import type { Context } from "../context.ts";
import { applyCronJobs } from "../cronjobs/apply.ts";
import type { CronJobPlan } from "../cronjobs/plan.ts";
import { attempt, describeApplyError, errorText, isRace } from "../failures.ts";
import { parseOrRefusal, refuse } from "../parse.ts";
import type { Outcome } from "../queue.ts";
import { sayStanding } from "../say-standing.ts";
import { sayStatus } from "../status.ts";
import { tellEndedRuns, tellStanding } from "../tell.ts";
import { decidePolicy, type PolicyDecision } from "./decide.ts";
import { gatherPolicy } from "./gather.ts";
import { problemReason } from "./problems.ts";
import { notJudged, unjudgedStanding, unknownConditions, unwrittenStanding } from "./unjudged.ts";

/** Brings a policy's CronJobs and rights into shape, and says in its status how it stands. */
export async function reconcilePolicy(context: Context, raw: Stored<BackupPolicy>): Promise<Outcome> {
  const parsed = parseOrRefusal(parseBackupPolicy, raw);
  if ("refused" in parsed) {
    const conditions = unknownConditions(raw.status, problemReason.invalidSpec, parsed.refused);
    return await refuse(context, { resource: backupPolicies, object: raw, ...parsed, conditions });
  }
  const policy = parsed.object;
  const decision = await judge(context, policy);
  const failure = await bringIntoShape(context, policy, decision.plan);
  if (isRace(failure)) throw failure;
  await say(context, policy, failure ? { ...decision, standing: describeApplyError(failure) } : decision);
  if (failure) throw failure;
  return { againAfterSeconds: decision.againAfterSeconds };
}

/** Where that fails, the status says so: the last verdicts must not stand as if they were new. */
async function judge(context: Context, policy: Stored<BackupPolicy>): Promise<PolicyDecision> {
  const { image, memory } = context;
  const now = context.now();
  try {
    const input = await gatherPolicy(context, policy, now);
    return decidePolicy({ input, image, isCurrent: memory.isCurrent, now });
  } catch (error) {
    const conditions = unknownConditions(policy.status, notJudged, errorText(error));
    await sayBeside(context, policy, { standing: unjudgedStanding(error), conditions });
    throw error;
  }
}

const bringIntoShape = ({ client, caches, memory }: Context, policy: Stored<BackupPolicy>, plan: CronJobPlan) =>
  attempt(async () => {
    await grantAccess(client, caches, policy.metadata.namespace);
    await applyCronJobs(client, plan, memory);
  });

/** Where the status cannot be written as a whole, such as for a field that older CRDs do not know, the conditions are written by themselves. */
async function say(context: Context, policy: Stored<BackupPolicy>, decision: PolicyDecision): Promise<void> {
  const { standing, conditions, status } = decision;
  try {
    await sayStatus(context, { resource: backupPolicies, object: policy, standing, conditions, status });
  } catch (error) {
    if (!isRace(error)) await sayBeside(context, policy, { standing: unwrittenStanding(standing, error), conditions });
    throw error;
  }
  await tellStanding(context, policy, standing);
  const runsOf = (told: PolicyStatus | undefined) =>
    told?.schedules?.flatMap(({ lastRun, lastEnded }) => [lastRun, lastEnded]) ?? [];
  await tellEndedRuns(context, { about: policy, before: runsOf(policy.status), after: runsOf(status) });
}

/** Beside an error that is thrown afterwards. That this could not be written either is of no use to anybody. */
async function sayBeside(
  context: Context,
  policy: Stored<BackupPolicy>,
  said: Pick<PolicyDecision, "standing" | "conditions">,
): Promise<void> {
  await attempt(() => sayStanding(context, { resource: backupPolicies, object: policy, ...said }));
}
