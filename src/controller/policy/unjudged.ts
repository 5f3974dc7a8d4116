import type { Condition } from "../../api/conditions.ts";
import type { BackupPolicy } from "../../api/objects.ts";
import type { PolicyStatus } from "../../api/policy.ts";
import type { Stored } from "../../kube/types.ts";
import { type ConditionDraft, mergeConditions, type Standing, standingConditions } from "../conditions.ts";
import { problemReason } from "./problems.ts";

/** What is said of a policy that could not be judged: neither may what was found before stand as if it held, nor may it be gone without a word. */

/**
 * The conditions of a policy that cannot be read, beside its standing: whether they hold nobody knows. They stay, as one that went away would
 * look to an alert as if it were met again.
 */
export const refusedConditions = (status: PolicyStatus | undefined, refused: string): readonly ConditionDraft[] =>
  judgedConditions(status).map(({ type }) => ({
    type,
    status: "Unknown",
    reason: problemReason.invalidSpec,
    message: `not judged: ${refused}`,
  }));

/** Without what was said while the policy could not be read, of which nothing holds any more once it can be. */
export function withoutRefusal(policy: Stored<BackupPolicy>): Stored<BackupPolicy> {
  const { status } = policy;
  const conditions = status?.conditions?.filter(({ reason }) => reason !== problemReason.invalidSpec);
  return conditions ? { ...policy, status: { ...status, conditions } } : policy;
}

/** How a policy stands where gathering or judging itself failed. It is tried again by itself. */
export function unjudgedStanding(error: unknown): Standing {
  const said = error instanceof Error ? error.message : String(error);
  const message = `could not be judged and is tried again: ${said}; until then the other conditions are those of before`;
  return { state: "Failing", reason: "InternalError", message };
}

/** The status of such a policy: the standing, and all else as it was said before, of the generation that it was said of. */
export function unjudgedStatus(
  { metadata, status }: Stored<BackupPolicy>,
  standing: Standing,
  now: Date,
): PolicyStatus {
  const { generation } = metadata;
  const drafts = standingConditions(standing);
  const own = mergeConditions({ previous: status?.conditions, drafts, generation, now });
  return { ...status, observedGeneration: generation, conditions: [...own, ...judgedConditions(status)] };
}

const ofStanding: readonly string[] = ["Ready", "Reconciling", "Stalled"];

const judgedConditions = (status: PolicyStatus | undefined): readonly Condition[] =>
  (status?.conditions ?? []).filter(({ type }) => !ofStanding.includes(type));
