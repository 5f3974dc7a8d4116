import type { Pod } from "../../kube/types.ts";
import type { RunContext } from "../context.ts";
import { runReason } from "../contract.ts";
import { RunFailure } from "../failure.ts";
import { followJob, type JobEnd, PodLost, startJob } from "../job-run.ts";
import { type CheckJob, checkContainer, checkJob } from "./check-pod.ts";

/**
 * Runs a user's check on a restored volume. Throws unless it came to its own end with 0: `CheckFailed`, with the end of its output, or
 * `MoverLost` where the cluster stopped it.
 */
export async function runCheck(context: RunContext, input: Omit<CheckJob, "namespace" | "owner">): Promise<void> {
  const manifest = checkJob({ ...input, namespace: context.identity.namespace, owner: context.owner });
  const job = await startJob(context, manifest);
  const end = await followJob(context, job, {
    job: manifest,
    container: checkContainer,
    claim: input.claim,
    // A container that is told to stop may end with 0 as well: only the pod says whether it was.
    isFinal: (_, { status }) => status?.phase === "Succeeded" || status?.phase === "Failed",
  });
  const failure = failureOf(input.check, end);
  if (failure) throw failure;
}

/** How the kubelet says that it does not know how a container ended: the node has crashed meanwhile. */
const unknownEnds: readonly string[] = ["ContainerStatusUnknown", "Unknown"];

/** Undefined for a check that has passed. */
export function failureOf(
  check: { readonly name: string; readonly timeout: string },
  {
    pod,
    exitCode,
    reason: ended = "",
    terminationMessage,
  }: Omit<JobEnd, "pod"> & { readonly pod: Pick<Pod, "metadata" | "status"> },
): RunFailure | undefined {
  const output = terminationMessage.trim().split("\n").slice(-10).join("\n");
  const said = output === "" ? "it printed nothing" : `the end of its output: ${output}`;
  const { phase, reason } = pod.status ?? {};
  if (reason === "DeadlineExceeded") {
    return new RunFailure(
      runReason.checkFailed,
      `the check ${check.name} did not end within ${check.timeout}; ${said}`,
    );
  }
  const deleted = pod.metadata.deletionTimestamp ? "its pod was deleted" : undefined;
  const stopped = reason ?? deleted ?? (unknownEnds.includes(ended) ? ended : undefined);
  if (stopped !== undefined) {
    const message = `the check ${check.name} was stopped by the cluster before it had ended (${stopped}); run the test again`;
    return new PodLost(message);
  }
  if (exitCode === 0 && phase === "Succeeded") return undefined;
  return new RunFailure(runReason.checkFailed, `the check ${check.name} exited with ${exitCode}; ${said}`);
}
