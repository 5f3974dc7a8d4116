import type { Storage } from "../storage/storage.ts";

/** Small objects on their way into the store, several at a time. */
export interface Uploads {
  /** Resolves as soon as there is room for more; `bytes` must not change afterwards. Rejects where an earlier one failed. */
  put(key: string, bytes: Buffer): Promise<void>;
  /** Resolves when all are stored. */
  finish(): Promise<void>;
}

const mostAtOnce = 16;
const mostBytes = 64 * 1024 * 1024;

export function startUploads(storage: Storage): Uploads {
  const running = new Set<Promise<void>>();
  let held = 0;
  let failure: { readonly error: unknown } | undefined;
  const throwFailure = (): void => {
    if (failure) throw failure.error;
  };
  return {
    async put(key, bytes) {
      while (running.size >= mostAtOnce || (running.size > 0 && held + bytes.length > mostBytes)) {
        await Promise.race(running);
      }
      throwFailure();
      held += bytes.length;
      const task = storage
        .put(key, bytes)
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => {
          held -= bytes.length;
          running.delete(task);
        });
      running.add(task);
    },
    async finish() {
      await Promise.all(running);
      throwFailure();
    },
  };
}
