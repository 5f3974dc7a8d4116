import { RepositoryError } from "./errors.ts";
import { staleAfterMilliseconds } from "./lock-rules.ts";
import type { Id } from "./types.ts";

const refreshMilliseconds = 5 * 60_000;
const retryMilliseconds = 30_000;
/** A lock that could not be refreshed for this long may soon be taken for stale: stop before that. */
const lostAfterMilliseconds = staleAfterMilliseconds - 5 * 60_000;

export interface KeptLock {
  /** The lock to begin with. */
  readonly first: Id;
  /** The repository, for messages. */
  readonly where: string;
  isPresent(id: Id): Promise<boolean>;
  write(): Promise<Id>;
  remove(id: Id): Promise<void>;
}

export interface LockKeeper {
  /** Aborts when the lock is lost. */
  readonly signal: AbortSignal;
  /** Rejects where the lock is lost. */
  confirm(): Promise<void>;
  /** Ends the refreshing; the id of the lock that is there now. */
  stop(): Promise<Id>;
}

/** Refreshes a lock every five minutes, as restic does: by writing a new one and then removing the old one. */
export function keepLock({ first, where, isPresent, write, remove }: KeptLock): LockKeeper {
  const lost = new AbortController();
  let current = first;
  let refreshedAt = Date.now();
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let refreshing: Promise<void> = Promise.resolve();

  const lose = (what: string, cause?: unknown): void => {
    const message = `Our lock on ${where} ${what}: somebody may be removing data, so this run stopped. Run it again.`;
    lost.abort(new RepositoryError("RepositoryLocked", message, { cause }));
  };
  const refresh = async (): Promise<void> => {
    if (!(await isPresent(current))) return lose("was removed by somebody");
    const previous = current;
    current = await write();
    refreshedAt = Date.now();
    await remove(previous);
  };
  const schedule = (delay: number): void => {
    if (stopped || lost.signal.aborted) return;
    timer = setTimeout(() => {
      refreshing = refresh().then(
        () => schedule(refreshMilliseconds),
        (error: unknown) => {
          if (Date.now() - refreshedAt > lostAfterMilliseconds) return lose("could not be refreshed", error);
          schedule(retryMilliseconds);
        },
      );
    }, delay);
    timer.unref();
  };
  schedule(refreshMilliseconds);

  return {
    signal: lost.signal,
    async confirm() {
      await refreshing;
      for (;;) {
        lost.signal.throwIfAborted();
        const asked = current;
        if (await isPresent(asked)) break;
        // Else we have put another in its place ourselves, while the answer was on its way.
        if (asked === current) lose("was removed by somebody");
      }
      lost.signal.throwIfAborted();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await refreshing;
      return current;
    },
  };
}
