import type { BackupPolicy, BackupTarget } from "../../api/objects.ts";
import type { Copy, RestorePointStatus } from "../../api/restorepoint.ts";
import type { BackupResult } from "../../contract/results.ts";
import { explainFailure } from "../explain.ts";
import type { FailureText } from "../failure.ts";
import type { TargetFailure } from "./resolve.ts";

/** The status of a restore point that is being made: written before any data moves. */
export function initialStatus(options: {
  readonly targets: readonly BackupTarget[];
  readonly targetFailures: readonly TargetFailure[];
  readonly now: Date;
}): RestorePointStatus {
  return {
    phase: "InProgress",
    startTime: options.now.toISOString(),
    copies: [
      ...options.targets.map(({ metadata }): Copy => ({ target: metadata.name, state: "InProgress" })),
      ...options.targetFailures.map((failure): Copy => ({ ...failure, state: "Failed" })),
    ],
  };
}

/** The status after the mover has reported. */
export function finishedStatus(options: {
  readonly status: RestorePointStatus;
  readonly result: BackupResult;
  readonly policy: Pick<BackupPolicy, "metadata">;
  readonly targets: readonly BackupTarget[];
  /** Where this point's chain is on a target, as plain restic takes it. */
  readonly repositoryOn: (target: BackupTarget) => string;
  readonly now: Date;
}): RestorePointStatus {
  const { result, policy, targets, now, repositoryOn } = options;
  const copies = (options.status.copies ?? []).map((copy): Copy => {
    const reported = result.targets.find(({ target }) => target === copy.target);
    if (copy.state === "Failed") return copy;
    const target = targets.find(({ metadata }) => metadata.name === copy.target);
    return reported && target
      ? copyOf(reported, { policy, target, repository: repositoryOn(target), now })
      : {
          target: copy.target,
          state: "Failed",
          reason: "InternalError",
          message: "the mover did not report this target",
        };
  });
  return {
    ...settled(options.status, copies, now),
    size: Math.round(result.bytes),
    files: result.files,
    bytesRead: Math.round(result.bytesRead),
    errors: result.errors,
    ...(result.failedPaths.length > 0 ? { failedPaths: result.failedPaths.slice(0, 20) } : {}),
    ...(result.leftOut ? { leftOut: result.leftOut } : {}),
    durationSeconds: result.durationSeconds,
  };
}

/** The status after a failure that came before the mover's report: whatever was not settled has failed. */
export function failedStatus(status: RestorePointStatus, failure: FailureText, now: Date): RestorePointStatus {
  const copies = (status.copies ?? []).map(
    (copy): Copy => (copy.state === "InProgress" ? { target: copy.target, state: "Failed", ...failure } : copy),
  );
  return settled(status, copies, now);
}

function settled(status: RestorePointStatus, copies: readonly Copy[], now: Date): RestorePointStatus {
  const { progress: _, message: __, ...rest } = status;
  const message = copies
    .filter(({ state }) => state !== "Good")
    .map(({ target, message: said }) => `${target}: ${said ?? "no copy"}`)
    .join("; ");
  return {
    ...rest,
    phase: phaseOf(copies),
    ...(message === "" ? {} : { message }),
    completionTime: now.toISOString(),
    copies: [...copies],
  };
}

/** Partial is never `Succeeded`; without any good copy it is `Failed`. */
export function phaseOf(copies: readonly Pick<Copy, "state">[]): NonNullable<RestorePointStatus["phase"]> {
  const good = copies.filter(({ state }) => state === "Good").length;
  if (good === 0) return "Failed";
  return good === copies.length ? "Succeeded" : "Degraded";
}

type TargetResult = BackupResult["targets"][number];

function copyOf(
  reported: TargetResult,
  of: {
    readonly policy: Pick<BackupPolicy, "metadata">;
    readonly target: BackupTarget;
    readonly repository: string;
    readonly now: Date;
  },
): Copy {
  const { policy, target, repository, now } = of;
  const { state, type, snapshot, message, bytesAdded, bytesStored } = reported;
  return {
    target: reported.target,
    state,
    ...(type === undefined ? {} : { type }),
    repository,
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(state === "Good" ? (message === undefined ? {} : { message }) : explainFailure(reported, target, policy)),
    completionTime: now.toISOString(),
    ...(bytesAdded === undefined ? {} : { bytesAdded: Math.round(bytesAdded) }),
    ...(bytesStored === undefined ? {} : { bytesStored: Math.round(bytesStored) }),
  };
}
