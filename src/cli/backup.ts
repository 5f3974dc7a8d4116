import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { fitName, label, labelValue } from "../api/names.ts";
import { safeText } from "../browse/text.ts";
import type { CronJob, Job, Pod, Stored } from "../kube/types.ts";
import { CommandFailure, type Kubectl } from "./kubectl.ts";

export interface BackupRequest {
  readonly policy: string;
  readonly schedule?: string | undefined;
}

/** Starts a run of a policy as its CronJob would, and follows it to its end: 0 where it succeeded, 1 where it did not. */
export async function backUp(kubectl: Kubectl, request: BackupRequest): Promise<number> {
  const selector = `${label.policy}=${labelValue(request.policy)}`;
  const { items } = await kubectl.json<{ items: CronJob[] }>("get", "cronjobs", "--selector", selector);
  const cronJob = chooseCronJob(items, request);
  const name = fitName(`${cronJob}-by-hand-${randomBytes(3).toString("hex")}`, 63);
  await kubectl.run("create", "job", name, `--from=cronjob/${cronJob}`);
  console.error(`Started job ${name}. It goes on if you stop watching.`);
  const job = await followed(kubectl, name);
  const run = `${label.run}=${job.metadata.uid}`;
  await kubectl.attached("get", "restorepoints.holdfast.dev", "--selector", run, "--ignore-not-found");
  const failed = job.status?.conditions?.find(({ type, status }) => type === "Failed" && status === "True");
  if (!failed) return 0;
  console.error(
    `Job ${name} failed: ${failed.message ?? failed.reason}. Its words are above, and in: kubectl logs job/${name}`,
  );
  return 1;
}

/** The name of the CronJob of the schedule, or of the only one there is. */
export function chooseCronJob(cronJobs: readonly CronJob[], { policy, schedule }: BackupRequest): string {
  const bySchedule = new Map(
    cronJobs.flatMap(({ metadata }) => {
      const name = metadata.labels?.[label.schedule];
      return name === undefined || metadata.name === undefined ? [] : [[name, metadata.name] as const];
    }),
  );
  const names = [...bySchedule.keys()].join(", ");
  if (bySchedule.size === 0)
    throw new CommandFailure(
      `There is no schedule of a policy ${policy} in this namespace: kubectl get backuppolicies`,
    );
  if (schedule === undefined && bySchedule.size > 1)
    throw new CommandFailure(`The policy ${policy} has several schedules: choose one with --schedule (${names}).`);
  const found = schedule === undefined ? bySchedule.values().next().value : bySchedule.get(labelValue(schedule));
  if (found) return found;
  throw new CommandFailure(`The policy ${policy} has no schedule ${schedule}: it has ${names}.`);
}

/** Says what the runners' logs say until the Job has ended. */
async function followed(kubectl: Kubectl, name: string): Promise<Stored<Job>> {
  const seen = new Set<string>();
  for (;;) {
    const job = await kubectl.json<Stored<Job>>("get", "job", name);
    const { items } = await kubectl.json<{ items: Pod[] }>("get", "pods", "--selector", `job-name=${name}`);
    for (const { metadata, status } of items) {
      if (!metadata.name || seen.has(metadata.name) || status?.phase === "Pending") continue;
      seen.add(metadata.name);
      for await (const line of kubectl.lines("logs", "--follow", metadata.name)) console.error(wordsOf(line));
    }
    const hasEnded = job.status?.conditions?.some(
      ({ type, status }) => (type === "Complete" || type === "Failed") && status === "True",
    );
    if (hasEnded) return job;
    await sleep(1000);
  }
}

/** The message of a JSON line. */
function wordsOf(line: string): string {
  try {
    const { msg } = JSON.parse(line);
    return safeText(typeof msg === "string" ? msg : line);
  } catch {
    return safeText(line);
  }
}
