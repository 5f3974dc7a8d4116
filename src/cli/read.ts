import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { label, manager } from "../api/names.ts";
import { type BackupPolicy, parseBackupPolicy, parseBackupTarget, parseRestorePoint } from "../api/objects.ts";
import { moverOptions } from "../api/pods.ts";
import type { CronJob, Job, Pod, Stored } from "../kube/types.ts";
import { ReaderGone, readerGoneCode, standardOutput } from "../mover/stdout.ts";
import { configPath, moverContainer } from "../runner/mover-pod.ts";
import { chooseCopy } from "../runner/restore/choose.ts";
import { execWhole } from "./exec.ts";
import { CommandFailure, type Kubectl } from "./kubectl.ts";
import { operatorImage, type Reader, readerConfigMap, readerJob } from "./reader-job.ts";

/** Commands of the mover that look into a repository. The first three want a snapshot first: the restore point's. */
export const readCommands = ["ls", "dump", "tar", "find", "stats"] as const;
export type ReadCommand = (typeof readCommands)[number];
const ofSnapshot: readonly ReadCommand[] = ["ls", "dump", "tar"];

export interface ReadRequest {
  readonly command: ReadCommand;
  readonly point: string;
  /** What follows, for the mover. */
  readonly words: readonly string[];
  readonly target?: string | undefined;
  readonly image?: string | undefined;
  readonly timeLimit: string;
}

const stopSignals = ["SIGINT", "SIGTERM"] as const;
const startsWithinMs = 180_000;

/**
 * Runs a command of the mover beside the repository of a restore point, in a pod that has that target's Secrets mounted, and
 * removes the pod, however it ends. The output comes through `kubectl exec`: it is in no log. Resolves with the command's exit code;
 * rejects with `CommandFailure`, also where not all of the output came through.
 */
export async function readPoint(kubectl: Kubectl, request: ReadRequest): Promise<number> {
  const stopping = new AbortController();
  // Ctrl-C also reaches kubectl; here it only keeps us from ending before the pod is removed.
  const stop = () => stopping.abort(new CommandFailure("Stopped."));
  for (const name of stopSignals) process.on(name, stop);
  try {
    return await readInPod(kubectl, request, stopping.signal);
  } catch (error) {
    if (error instanceof ReaderGone) return readerGoneCode;
    throw error;
  } finally {
    for (const name of stopSignals) process.off(name, stop);
  }
}

async function readInPod(kubectl: Kubectl, request: ReadRequest, signal: AbortSignal): Promise<number> {
  const reader = await prepare(kubectl, request);
  const { name, choice } = reader;
  try {
    const job = await kubectl.create<Stored<Job>>(readerJob(reader));
    await kubectl.create(readerConfigMap(reader, job));
    const pod = await startedPod(kubectl, name, signal);
    const snapshot = ofSnapshot.includes(request.command) ? [choice.copy.snapshot] : [];
    const words = ["mover", request.command, "--config", configPath, ...snapshot, ...request.words];
    const output = standardOutput(signal);
    return await execWhole({ kubectl, pod, container: moverContainer, words, output, signal });
  } finally {
    // By its UID's owner it takes the ConfigMap and the pod with it; the pod's first process stops the command.
    await kubectl.run("delete", "job", name, "--wait=false", "--ignore-not-found", "--cascade=background");
  }
}

async function prepare(kubectl: Kubectl, request: ReadRequest): Promise<Reader> {
  const point = parseRestorePoint(await kubectl.json("get", "restorepoints.holdfast.dev", request.point));
  const choice = chooseCopy(point, request.target);
  const target = parseBackupTarget(await kubectl.json("get", "backuptargets.holdfast.dev", choice.copy.target));
  const policy = await policyOf(kubectl, point.spec.policy);
  return {
    name: `holdfast-read-${randomBytes(4).toString("hex")}`,
    choice,
    target,
    ...(await imageFor(kubectl, request, point.spec.policy)),
    options: moverOptions.parse({ ...policy?.spec.mover, timeLimit: request.timeLimit }),
  };
}

/** Its pods' node selector and so on. A point outlives its policy. */
async function policyOf(kubectl: Kubectl, name: string): Promise<BackupPolicy | undefined> {
  const found = await kubectl.run("get", "backuppolicies.holdfast.dev", name, "--ignore-not-found", "--output", "json");
  return found.trim() === "" ? undefined : parseBackupPolicy(JSON.parse(found));
}

async function imageFor(kubectl: Kubectl, request: ReadRequest, policy: string) {
  if (request.image) return { image: request.image };
  const selector = `${label.managedBy}=${manager}`;
  const { items } = await kubectl.json<{ items: CronJob[] }>("get", "cronjobs", "--selector", selector);
  const found = operatorImage(items, policy);
  if (found) return found;
  throw new CommandFailure(
    "There is no CronJob of Holdfast in this namespace to learn the image from: give it with --image.",
  );
}

/** The name of the Job's pod once its container runs. Rejects where it does not start, with what Kubernetes says about it. */
async function startedPod(kubectl: Kubectl, job: string, signal: AbortSignal): Promise<string> {
  const deadline = Date.now() + startsWithinMs;
  let why = "there is no pod yet";
  while (Date.now() < deadline && !signal.aborted) {
    const { items } = await kubectl.json<{ items: Pod[] }>("get", "pods", "--selector", `job-name=${job}`);
    const [pod] = items;
    const state = pod?.status?.containerStatuses?.[0]?.state;
    if (pod?.metadata.name && state?.running) return pod.metadata.name;
    why = whyNot(pod) ?? why;
    await sleep(500);
  }
  signal.throwIfAborted();
  throw new CommandFailure(
    `The pod of job ${job} did not start within ${startsWithinMs / 60_000} minutes: ${why}. Look at: kubectl describe pods --selector job-name=${job}`,
  );
}

function whyNot(pod: Pod | undefined): string | undefined {
  const waiting = pod?.status?.containerStatuses?.[0]?.state?.waiting;
  const scheduled = pod?.status?.conditions?.find(({ type, status }) => type === "PodScheduled" && status === "False");
  return waiting?.message ?? waiting?.reason ?? scheduled?.message;
}
