import type { BackupTarget } from "../api/objects.ts";
import type { MoverOptions } from "../api/pods.ts";
import type { RestoreConfig, VerifyConfig } from "../contract/configs.ts";
import type { ProgressLine, RestoreResult } from "../contract/results.ts";
import type { KubeObject } from "../kube/types.ts";
import { isBlock, recordedSource } from "./claim.ts";
import type { RunContext } from "./context.ts";
import { runReason } from "./contract.ts";
import { explainFailure } from "./explain.ts";
import { RunFailure } from "./failure.ts";
import { chainLocation, credentialMount } from "./location.ts";
import { devicePaths, type MoverVolume, mountPaths } from "./mover-pod.ts";
import { runMover } from "./mover-run.ts";
import { tellNotices } from "./notices.ts";
import type { Choice } from "./restore/choose.ts";
import { findDeadMovers } from "./volume-lease.ts";

/** A prune holds a repository for itself, and may take its time. */
const lockWaitSeconds = 900;

export type RestoreTask = {
  /** The Restore or RestoreTest, which gets the events. */
  readonly about: KubeObject;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly choice: Choice;
  readonly target: BackupTarget;
  /** The volume to write to, or to compare. */
  readonly claim: string;
  readonly options: MoverOptions;
};

/** Writes a snapshot's content into a volume. Throws a `RunFailure` unless all of it arrived. */
export async function restoreData(
  context: RunContext,
  task: RestoreTask & {
    readonly include: readonly string[];
    readonly onProgress: (line: ProgressLine) => Promise<void>;
  },
): Promise<RestoreResult> {
  const config: RestoreConfig = {
    ...(await commonConfig(context, task)),
    include: [...task.include],
    verify: false,
    overwriteDevice: isBlock(recordedSource(task.choice.point)),
  };
  const result = await runMover(context, "restore", {
    ...moverTask(task),
    command: "restore",
    config,
    volume: volumeOf(task, { readOnly: false }),
    onProgress: task.onProgress,
  });
  return complete(context, result, task);
}

/** Compares every file of a restored volume with the snapshot, from a pod of its own. Throws a `RunFailure` at any difference. */
export async function verifyData(context: RunContext, task: RestoreTask): Promise<RestoreResult> {
  const config: VerifyConfig = await commonConfig(context, task);
  const result = await runMover(context, "verify", {
    ...moverTask(task),
    command: "verify",
    config,
    volume: volumeOf(task, { readOnly: true }),
  });
  return complete(context, result, task);
}

const targetPath = ({ point }: Choice): string =>
  isBlock(recordedSource(point)) ? devicePaths.target : mountPaths.target;

const volumeOf = ({ claim, choice }: RestoreTask, { readOnly }: { readonly readOnly: boolean }): MoverVolume => ({
  claim,
  path: targetPath(choice),
  readOnly,
  isBlock: isBlock(recordedSource(choice.point)),
});

async function commonConfig(context: RunContext, { name, choice, target }: RestoreTask): Promise<VerifyConfig> {
  const { pvc, chain } = choice.point.spec;
  return {
    repository: chainLocation(target, context.identity.namespace, pvc.name, chain),
    snapshot: choice.copy.snapshot,
    target: targetPath(choice),
    include: [],
    includeFromFolder: true,
    lock: { holder: name, deadHolders: await findDeadMovers(context, pvc.name), waitSeconds: lockWaitSeconds },
  };
}

const moverTask = ({ name, labels, choice, target, options }: RestoreTask) => ({
  name,
  labels,
  pvc: choice.point.spec.pvc.name,
  credentials: [credentialMount(target)],
  options,
});

/** A Job that an earlier attempt had started may be of another point. */
function assertOf({ copy }: Choice, { kind, state, snapshot }: RestoreResult): void {
  if (snapshot === copy.snapshot || (state === "Failed" && snapshot === undefined)) return;
  const message = `the ${kind} was of snapshot ${snapshot}, and not of ${copy.snapshot}, which was asked for; run it again`;
  throw new RunFailure(runReason.internalError, message);
}

async function complete(context: RunContext, result: RestoreResult, task: RestoreTask): Promise<RestoreResult> {
  const { about, choice, target } = task;
  assertOf(choice, result);
  if (result.state === "Good") {
    const targets = [{ target: target.metadata.name, state: result.state, message: result.message }];
    await tellNotices(context, { about, pvc: choice.point.spec.pvc.name, targets });
    return result;
  }
  const { reason, message } = explainFailure({ ...result, message: nameVolume(result, task) }, target);
  const paths =
    result.failedPaths.length > 0
      ? ` (${result.errors} in all, among them ${result.failedPaths.slice(0, 5).join(", ")})`
      : "";
  throw new RunFailure(reason, `${target.metadata.name}: ${message}${paths}`);
}

/** The message, where the mover speaks of the volume by where its pod has it. Of single paths, which may look alike, only a restore to its end speaks. */
function nameVolume({ message, snapshot }: RestoreResult, { claim, choice }: RestoreTask): string | undefined {
  const place = targetPath(choice);
  if (snapshot !== undefined && place !== devicePaths.target) return message;
  const beginning = [`The device ${place} `, `${place} `].find((text) => message?.startsWith(text));
  return beginning === undefined ? message : `the volume ${claim} ${message?.slice(beginning.length)}`;
}
