import type { RunSummary } from "../api/runs.ts";
import type { KubeObject, Stored } from "../kube/types.ts";
import { cutMessage, findCondition, type Standing } from "./conditions.ts";
import type { Context } from "./context.ts";
import type { WithStatus } from "./status.ts";

type Teller = Pick<Context, "recordEvent">;

/** An Event when an object gets stuck, or is in force again after that; none while it stays as it was. */
export async function tellStanding(
  { recordEvent }: Teller,
  about: Stored<WithStatus>,
  standing: Standing,
): Promise<void> {
  const before = findCondition(about.status?.conditions, "Ready");
  const { state, reason, message } = standing;
  if (before?.reason === reason && before.message === cutMessage(message)) return;
  const bad = state === "Stalled" || state === "Failing";
  if (bad) await recordEvent({ about, type: "Warning", reason, message });
  else if (state === "Ready" && before?.status === "False") {
    await recordEvent({ about, type: "Normal", reason, message });
  }
}

/** One Event for each run that is seen to have ended badly. */
export async function tellEndedRuns(
  { recordEvent }: Teller,
  runs: {
    readonly about: Stored<KubeObject>;
    readonly before: readonly (RunSummary | undefined)[];
    readonly after: readonly (RunSummary | undefined)[];
  },
): Promise<void> {
  const isKnown = (run: RunSummary) =>
    runs.before.some((known) => known?.job === run.job && known.outcome === run.outcome && known.reason === run.reason);
  for (const run of runs.after) {
    if (!run || isKnown(run)) continue;
    if (run.outcome !== "Failed" && run.outcome !== "Degraded") continue;
    const message = `run ${run.job}: ${run.message}`;
    await recordEvent({
      about: runs.about,
      type: "Warning",
      reason: run.reason,
      message,
      key: `${run.job} ${run.startTime}`,
    });
  }
}
