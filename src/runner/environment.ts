import { runnerEnv } from "./contract.ts";

/** Who runs: what the controller gave the runner's pod, through the downward API and as plain values. */
export type RunIdentity = {
  readonly namespace: string;
  readonly podName: string;
  readonly podUid: string;
  /** The Job is the run: a pod that Kubernetes starts again goes on with the same run. */
  readonly jobName: string;
  readonly jobUid: string;
  /** What movers run. */
  readonly image: string;
  readonly imagePullPolicy: string | undefined;
};

/** Throws an `Error` that names the variables which are missing. */
export function identityFrom(environment: Readonly<Record<string, string | undefined>>): RunIdentity {
  const { imagePullPolicy, ...required } = runnerEnv;
  const missing = Object.values(required).filter((name) => !environment[name]);
  if (missing.length > 0) {
    const names = missing.join(", ");
    throw new Error(`a runner is started by the controller's Jobs: ${names} must be set in its environment`);
  }
  const value = (name: string): string => environment[name] as string;
  return {
    namespace: value(runnerEnv.namespace),
    podName: value(runnerEnv.podName),
    podUid: value(runnerEnv.podUid),
    jobName: value(runnerEnv.jobName),
    jobUid: value(runnerEnv.jobUid),
    image: value(runnerEnv.image),
    imagePullPolicy: environment[imagePullPolicy] || undefined,
  };
}
