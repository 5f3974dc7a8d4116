import { availableParallelism } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import { idInThread, idOf } from "../repository/crypto.ts";
import type { Id } from "../repository/types.ts";

/** Beside this thread. More would hash faster than one thread can cut. */
const usualThreads = Math.min(3, availableParallelism() - 1);

/**
 * Ids of pieces, in their order; all of them must stay as they are until the last one is handed out. Threads hash some of them, and whoever
 * asks for the next hashes what nobody has begun with, instead of waiting.
 */
export async function* identify(pieces: readonly Buffer[], threads = usualThreads): AsyncGenerator<Id> {
  const ids = new Map<number, Id>();
  let begun = 0;
  let running = 0;
  let failure: { readonly error: unknown } | undefined;
  let changed = Promise.withResolvers<void>();

  const hashInThread = async (number: number): Promise<void> => {
    running++;
    try {
      ids.set(number, await idInThread(pieces[number] as Buffer));
    } catch (error) {
      failure ??= { error };
    }
    running--;
    employ();
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const employ = (): void => {
    while (running < threads && begun < pieces.length) void hashInThread(begun++);
  };

  try {
    for (let number = 0; number < pieces.length; number++) {
      for (;;) {
        if (failure) throw failure.error;
        const id = ids.get(number);
        if (id !== undefined) {
          yield id;
          break;
        }
        if (begun === pieces.length) await changed.promise;
        else {
          const own = begun++;
          employ();
          ids.set(own, idOf(pieces[own] as Buffer));
          // So that the threads are heard, and have something to do.
          if (own !== number) await nextTurn();
        }
      }
    }
  } finally {
    // Nothing more is begun with where the rest is not wanted.
    begun = pieces.length;
  }
}
