import type { Logger } from "pino";
import type { KubeClient } from "../kube/client.ts";
import { createEventRecorder } from "../kube/events.ts";
import type { RunVerdict } from "./backup/outcome.ts";
import { fieldManager, type Patience, type RunContext } from "./context.ts";
import { type RunReport, runReason } from "./contract.ts";
import type { RunIdentity } from "./environment.ts";
import { describeFailure, logged, RunFailure, Suspended } from "./failure.ts";

/** Everything a run does between its start and its report. */
export type RunBody = (context: RunContext) => Promise<RunVerdict>;

/** A context for one run. */
export function createContext(options: {
  readonly client: KubeClient;
  readonly identity: RunIdentity;
  readonly log: Logger;
  readonly patience: Patience;
  readonly signal: AbortSignal;
}): RunContext {
  const { client, identity, log } = options;
  const onError = (error: unknown) => log.warn({ err: error }, "could not write an event");
  return {
    ...options,
    owner: { apiVersion: "batch/v1", kind: "Job", name: identity.jobName, uid: identity.jobUid, controller: true },
    recordEvent: createEventRecorder({ client, component: fieldManager, onError }),
    now: () => new Date(),
  };
}

/** Runs it and says how it ended; never throws. */
export async function execute(context: RunContext, body: RunBody): Promise<RunReport> {
  const startTime = context.now().toISOString();
  const verdict = await body(context).catch((error: unknown): RunVerdict => {
    const failure = describeFailure(error, context.signal);
    if (error instanceof Suspended) return { outcome: "Skipped", ...failure };
    const level = failure.reason === runReason.internalError ? "error" : "warn";
    context.log[level](logged(error), "the run failed");
    return { outcome: "Failed", ...failure };
  });
  const { outcome, reason, message } = verdict;
  return { outcome, reason, message, startTime, completionTime: context.now().toISOString() };
}

/** What `context.signal` is aborted with when the runner is told to stop. */
export const toldToStop = (signal: string): RunFailure =>
  new RunFailure(runReason.interrupted, `the runner was stopped (${signal}) before the run was done`);
