import { type MoverResult, moverResult, type ProgressLine, progressLine } from "../contract/results.ts";
import { configMaps, jobs } from "../kube/resources.ts";
import type { Pod, Stored } from "../kube/types.ts";
import type { RunContext } from "./context.ts";
import { runReason } from "./contract.ts";
import { deleteAndWait, ensure, findOurs, isGoing } from "./ensure.ts";
import { RunFailure } from "./failure.ts";
import { followJob, type JobEnd, PodLost, startJob } from "./job-run.ts";
import { finalExitCodes, type MoverJob, moverConfigMap, moverContainer, moverJob } from "./mover-pod.ts";
import { rememberMover } from "./volume-lease.ts";

/** One task for a mover: its Job, its configuration and the volume whose repositories it opens. */
export type MoverTask = Omit<MoverJob, "namespace" | "owner" | "image" | "imagePullPolicy" | "configMap"> & {
  readonly config: object;
  /** The PVC that was, or is to be, backed up: its Lease remembers the mover. */
  readonly pvc: string;
  readonly onProgress?: (line: ProgressLine) => Promise<void>;
};

type ResultOf<Kind extends MoverResult["kind"]> = Extract<MoverResult, { kind: Kind }>;

const progressEveryMs = 3000;

/**
 * Runs a mover to its end and gives its result, good or bad. Throws a `RunFailure` where it could not start, was lost, or died
 * without a result.
 */
export async function runMover<Kind extends MoverResult["kind"]>(
  context: RunContext,
  kind: Kind,
  task: MoverTask,
): Promise<ResultOf<Kind>> {
  const { identity, owner } = context;
  const object = { ...task, namespace: identity.namespace, owner };
  const manifest = moverJob({
    ...object,
    image: identity.image,
    imagePullPolicy: identity.imagePullPolicy,
    configMap: task.name,
  });
  const found = await findOurs(context, jobs, task.name);
  // A configuration from an earlier attempt, whose Job has gone or is going, may say something else.
  if (!found || isGoing(found)) await deleteAndWait(context, moverObjects(task.name));
  await ensure(context, configMaps, moverConfigMap(object));
  const job = await startJob(context, manifest);
  const end = await followJob(context, job, {
    job: manifest,
    container: moverContainer,
    claim: task.volume?.claim,
    isFinal: (exitCode) => exitCode === 0 || finalExitCodes.includes(exitCode),
    onPod: podWatch(context, task),
  });
  return resultOf(kind, task.name, end);
}

/**
 * Killed from outside. A mover that is told to stop says so, if it can; after a crash of its node the kubelet knows no more than one of
 * these codes. That its own time was over is known before.
 */
const killedCodes: readonly number[] = [137, 143, 255];

/** What a mover leaves behind in the cluster, to be deleted. */
export const moverObjects = (name: string) => [
  { resource: jobs, name },
  { resource: configMaps, name },
];

function resultOf<Kind extends MoverResult["kind"]>(kind: Kind, name: string, end: JobEnd): ResultOf<Kind> {
  const parsed = moverResult.safeParse(parseJson(end.terminationMessage));
  if (parsed.success && parsed.data.kind === kind) return parsed.data as ResultOf<Kind>;
  if (end.reason === "OOMKilled") {
    throw new RunFailure(
      runReason.moverLost,
      `the mover ${name} was killed for using more memory than it may; raise spec.mover.resources.limits.memory`,
    );
  }
  const tail = end.terminationMessage.trim().split("\n").slice(-10).join("\n");
  const said = tail === "" ? "it said nothing" : `the end of its log: ${tail}`;
  const message = `the mover ${name} ended with code ${end.exitCode} and no result; ${said}`;
  throw killedCodes.includes(end.exitCode) ? new PodLost(message) : new RunFailure(runReason.moverLost, message);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Remembers each pod, and mirrors its progress. */
function podWatch(context: RunContext, task: MoverTask) {
  let remembered = "";
  let nextProgress = 0;
  return async (pod: Stored<Pod>): Promise<void> => {
    const state = `${pod.metadata.uid} ${pod.spec?.nodeName}`;
    if (state !== remembered) await rememberMover(context, task.pvc, pod);
    remembered = state;
    if (!task.onProgress || pod.status?.phase !== "Running" || performance.now() < nextProgress) return;
    nextProgress = performance.now() + progressEveryMs;
    await mirrorProgress(context, pod, task.onProgress);
  };
}

/** Progress is news, not state: what cannot be read or written is no failure. */
async function mirrorProgress(
  context: RunContext,
  pod: Stored<Pod>,
  write: (line: ProgressLine) => Promise<void>,
): Promise<void> {
  try {
    const { namespace = "", name } = pod.metadata;
    const { client, signal } = context;
    const lines = await Array.fromAsync(
      client.podLogs({ namespace, name, container: moverContainer, tailLines: 5, signal }),
    );
    const parsed = lines.map((line) => progressLine.safeParse(parseJson(line)));
    const last = parsed.findLast((one) => one.success)?.data;
    if (last) await write(last);
  } catch (error) {
    context.log.debug({ err: error, pod: pod.metadata.name }, "could not mirror the mover's progress");
  }
}
