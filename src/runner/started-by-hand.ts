import { jobs } from "../kube/resources.ts";
import type { RunContext } from "./context.ts";

/** `kubectl create job --from=cronjob/…` says so, and what a person asks for is done even while its schedule is suspended. */
export async function isStartedByHand({ client, identity }: RunContext): Promise<boolean> {
  const job = await client.find(jobs, { namespace: identity.namespace, name: identity.jobName });
  return job?.metadata.annotations?.["cronjob.kubernetes.io/instantiate"] === "manual";
}
