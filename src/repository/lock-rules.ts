import type { Lock, ProcessIdentity } from "./lock-file.ts";

/** After this long without a refresh restic takes a lock for abandoned. */
export const staleAfterMilliseconds = 30 * 60_000;

export interface LockView {
  readonly now: number;
  /** Who we are in lock files. */
  readonly holder: string;
  readonly deadHolders: readonly string[];
  /** The identity of this process, and of the one that has a given number now. */
  readonly self: ProcessIdentity | undefined;
  readonly identityOf: (pid: number) => ProcessIdentity | undefined;
}

/** `DeadHolder` and `DeadProcess` are proven; `Stale` is restic's own rule. Any other lock is somebody at work. */
export type LockVerdict = "Alive" | "DeadHolder" | "DeadProcess" | "Stale";

export function judgeLock(lock: Lock, view: LockView): LockVerdict {
  if (view.deadHolders.includes(lock.hostname)) return "DeadHolder";
  if (isDeadProcess(lock, view)) return "DeadProcess";
  if (view.now - lock.time > staleAfterMilliseconds) return "Stale";
  return "Alive";
}

/**
 * «Same host, dead pid» proves nothing, because containers share host names and count their processes from 1. A process that
 * named its kernel's boot, its process namespace and its start is gone when we, on that boot and in that namespace, see no
 * process with that number and start.
 */
function isDeadProcess({ hostname, pid, process }: Lock, { holder, self, identityOf }: LockView): boolean {
  if (!process || !self || hostname !== holder) return false;
  if (process.boot !== self.boot || process.namespace !== self.namespace) return false;
  return identityOf(pid)?.started !== process.started;
}

/** A lock and a wish exclude each other unless both are content with company. */
export const conflicts = (lock: Lock, exclusive: boolean): boolean => exclusive || lock.exclusive;
