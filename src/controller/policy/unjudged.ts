import type { PolicyStatus } from "../../api/policy.ts";
import type { ConditionDraft, Standing } from "../conditions.ts";
import { errorText } from "../failures.ts";

/** What is said of a policy where what was found before must neither stand as if it held, nor be gone without a word. */

/** The reason of each condition that judging failed to judge. */
export const notJudged = "NotJudged";

const judged = ["RPOMet", "ThreeTwoOne", "Verified", "LastRunSucceeded"];

/**
 * The conditions of a policy that cannot be read or judged, beside its standing: whether they hold nobody knows. They stay, as one that
 * went away would look to an alert as if it were met again.
 */
export function unknownConditions(
  status: PolicyStatus | undefined,
  reason: string,
  why: string,
): readonly ConditionDraft[] {
  const hasRto = status?.conditions?.some(({ type }) => type === "RTOMet") ?? false;
  const types = hasRto ? ["RTOMet", ...judged] : judged;
  return types.map((type) => ({ type, status: "Unknown", reason, message: `not judged: ${why}` }));
}

/**
 * How a policy stands that could not be judged. Everything that it is judged by is at hand, so that no passing trouble of the API
 * server gets here: what was wrong once will be wrong again.
 */
export const unjudgedStanding = (error: unknown): Standing => ({
  state: "Failing",
  reason: "InternalError",
  message: `could not be judged, and is tried again: ${errorText(error)}; its CronJobs stay as they were`,
});

/** How a policy stands, `standing`, of which only the conditions could be written into its status. */
export const unwrittenStanding = (standing: Standing, error: unknown): Standing => ({
  state: "Failing",
  reason: "StatusNotWritten",
  message: `${standing.message}; of the status only the conditions could be written, the rest is that of before without the times of the next runs, and is tried again: ${inOneOrder(errorText(error))}; where the CRDs are older than the operator, apply those of its version`,
});

/**
 * The API server lists what is wrong with a status below a heading, in another order each time. Said as it comes, each try would be news: an Event, and a
 * change of the object, for which it would be tried again at once.
 */
function inOneOrder(text: string): string {
  const [heading, ...list] = text.split("\n");
  return [heading, ...list.toSorted()].join("\n");
}
