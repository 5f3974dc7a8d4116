import type { HeldLock } from "./hold-lock.ts";

/** A lock is asked for anew when the last answer is so old. */
const askAgainMilliseconds = 5000;

/**
 * To be asked before each object is removed: one that is removed for ours may be another run's by then, which took our lock for a dead
 * one's, as it may when this process stood still. Rejects as soon as that is known; whoever asks meanwhile waits for the answer.
 */
export function whileOurs({ signal, confirm }: Pick<HeldLock, "signal" | "confirm">): () => Promise<void> {
  let askedAt = Date.now();
  let answer: Promise<void> = Promise.resolve();
  return async () => {
    signal.throwIfAborted();
    // A machine that was suspended finds its clock put right, forwards or back.
    if (Math.abs(Date.now() - askedAt) >= askAgainMilliseconds) {
      askedAt = Date.now();
      answer = confirm();
    }
    await answer;
  };
}
