import type { Resource } from "../kube/resources.ts";
import type { Stored } from "../kube/types.ts";
import type { ConditionDraft, Standing } from "./conditions.ts";
import type { Context } from "./context.ts";
import { sayStatus, type WithStatus } from "./status.ts";
import { tellStanding } from "./tell.ts";

export type StandingSaid<T extends WithStatus> = {
  readonly resource: Resource<T>;
  readonly object: Stored<T>;
  readonly standing: Standing;
  /** Fields of the status which somebody else writes. */
  readonly others?: readonly string[];
  /** Beside the three conditions of the standing. */
  readonly conditions?: readonly ConditionDraft[];
};

/**
 * Writes how an object stands of which nothing else is to be said. The rest of its status stays, but for the times of its next runs:
 * when runs are due nobody knows, and what was told before would lie in the past.
 */
export async function sayStanding<T extends WithStatus>(
  context: Pick<Context, "client" | "now" | "recordEvent">,
  of: StandingSaid<T>,
): Promise<void> {
  const { object, standing, others = [], conditions = [] } = of;
  const kept = Object.entries(withoutNextTimes(object.status ?? {})).filter(([field]) => !others.includes(field));
  const status = { ...Object.fromEntries(kept), observedGeneration: object.metadata.generation };
  await sayStatus(context, { ...of, conditions, status });
  await tellStanding(context, object, standing);
}

type NextTimes = {
  readonly conditions?: unknown;
  readonly nextTime?: string;
  readonly schedules?: readonly { readonly nextTime?: string }[];
};

function withoutNextTimes({ nextTime: _, ...status }: NextTimes): object {
  const { schedules } = status;
  return schedules ? { ...status, schedules: schedules.map(({ nextTime: _, ...rest }) => rest) } : status;
}
