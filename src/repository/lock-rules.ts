import type { Lock, ProcessIdentity } from "./lock-file.ts";

/** After this long without a refresh restic takes a lock for abandoned. */
export const staleAfterMilliseconds = 30 * 60_000;

export interface LockView {
  readonly now: number;
  /**
   * How much earlier than a lock of ours this one was stored, in milliseconds by the store's own dates: the holder's clock may be half an hour
   * behind, and ours ahead. Infinity where the store does not tell.
   */
  readonly storedFor: number;
  /** Who we are in lock files. */
  readonly holder: string;
  readonly deadHolders: readonly string[];
  /** The identity of this process, and of the one that has a given number now. */
  readonly self: ProcessIdentity | undefined;
  readonly identityOf: (pid: number) => ProcessIdentity | undefined;
  /** Whether there is no process of that number, and not only none that we may see. */
  readonly isGone: (pid: number) => boolean;
}

/** `DeadHolder` and `DeadProcess` are proven; `Stale` is restic's own rule. Any other lock is somebody at work. */
export type LockVerdict = "Alive" | "DeadHolder" | "DeadProcess" | "Stale";

export function judgeLock(lock: Lock, view: LockView): LockVerdict {
  if (view.deadHolders.includes(lock.hostname)) return "DeadHolder";
  if (isDeadProcess(lock, view)) return "DeadProcess";
  const isOld = view.now - lock.time > staleAfterMilliseconds;
  return isOld && view.storedFor > staleAfterMilliseconds ? "Stale" : "Alive";
}

/**
 * «Same host, dead pid» proves nothing, because containers share host names and count their processes from 1. A process that
 * named its kernel's boot, its process namespace and its start is gone when we, on that boot and in that namespace, see no
 * process with that number and start.
 */
function isDeadProcess({ hostname, pid, process }: Lock, { holder, self, identityOf, isGone }: LockView): boolean {
  if (!process || !self || hostname !== holder) return false;
  if (process.boot !== self.boot || process.namespace !== self.namespace) return false;
  const running = identityOf(pid);
  return running ? running.started !== process.started : isGone(pid);
}

/** A lock and a wish exclude each other unless both are content with company. */
export const conflicts = (lock: Lock, exclusive: boolean): boolean => exclusive || lock.exclusive;
