import type { RunContext } from "../context.ts";
import { runReason } from "../contract.ts";
import { RunFailure } from "../failure.ts";
import { followJob, type JobEnd, startJob } from "../job-run.ts";
import { type CheckJob, checkContainer, checkJob } from "./check-pod.ts";

/** Runs a user's check on a restored volume. Throws `CheckFailed`, with the end of its output, unless it exits with 0. */
export async function runCheck(context: RunContext, input: Omit<CheckJob, "namespace" | "owner">): Promise<void> {
  const manifest = checkJob({ ...input, namespace: context.identity.namespace, owner: context.owner });
  const job = await startJob(context, manifest);
  const end = await followJob(context, job, {
    job: manifest,
    container: checkContainer,
    claim: input.claim,
    isFinal: () => true,
  });
  if (end.exitCode !== 0) throw new RunFailure(runReason.checkFailed, describe(input.check, end));
}

export function describe(
  check: { readonly name: string; readonly timeout: string },
  end: Omit<JobEnd, "pod"> & { pod: Pick<JobEnd["pod"], "status"> },
): string {
  const output = end.terminationMessage.trim().split("\n").slice(-10).join("\n");
  const said = output === "" ? "it printed nothing" : `the end of its output: ${output}`;
  if (end.pod.status?.reason === "DeadlineExceeded") {
    return `the check ${check.name} did not end within ${check.timeout}; ${said}`;
  }
  return `the check ${check.name} exited with ${end.exitCode}; ${said}`;
}
