import { exitCode, type FailureReason } from "../contract/results.ts";

const codes: Partial<Readonly<Record<FailureReason, number>>> = {
  RepositoryNotFound: exitCode.noRepository,
  RepositoryLocked: exitCode.locked,
  WrongPassword: exitCode.wrongPassword,
  Interrupted: exitCode.interrupted,
};

export interface Ended {
  readonly state: "Good" | "Incomplete" | "Failed";
  readonly reason?: FailureReason | undefined;
  /** Of a task with several targets the reason says nothing about all of them, unless it was stopped. */
  readonly targets?: readonly unknown[];
}

export function exitCodeOf({ state, reason, targets = [] }: Ended): number {
  if (state === "Good") return exitCode.done;
  if (state === "Incomplete") return exitCode.incomplete;
  if (reason === undefined || (targets.length > 1 && reason !== "Interrupted")) return exitCode.failed;
  return codes[reason] ?? exitCode.failed;
}
