import { availableParallelism } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import { chunkMinimum } from "../kernel/chunker.ts";
import { isZero } from "../kernel/zeros.ts";
import { idInThread, idOf } from "../repository/crypto.ts";
import type { Id } from "../repository/types.ts";

/** Beside this thread. More would hash faster than one thread can cut. */
const usualThreads = Math.min(3, availableParallelism() - 1);

/** By their length: sparse files have many. */
const zeroIds = new Map<number, Id>();

/** Without hashing, where the piece is nothing but zeros and as long as such pieces usually are. */
function knownId(piece: Buffer): Id | undefined {
  if (piece[0] !== 0 || piece.length < chunkMinimum || !Number.isInteger(Math.log2(piece.length))) return undefined;
  if (!isZero(piece)) return undefined;
  const id = zeroIds.get(piece.length) ?? idOf(piece);
  zeroIds.set(piece.length, id);
  return id;
}

/**
 * Ids of pieces, in their order; all of them must stay as they are until the last one is handed out. Threads hash some of them, and whoever
 * asks for the next hashes what nobody has begun with, instead of waiting.
 */
export async function* identify(pieces: readonly Buffer[], threads = usualThreads): AsyncGenerator<Id> {
  const ids = new Map<number, Id>();
  /** Pieces that are to be hashed, by their numbers; `begun` of them are, or were. */
  const unknown: number[] = [];
  for (const [number, piece] of pieces.entries()) {
    const id = knownId(piece);
    if (id === undefined) unknown.push(number);
    else ids.set(number, id);
  }
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
    while (running < threads && begun < unknown.length) void hashInThread(unknown[begun++] as number);
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
        if (begun === unknown.length) await changed.promise;
        else {
          const own = unknown[begun++] as number;
          employ();
          ids.set(own, idOf(pieces[own] as Buffer));
          // So that the threads are heard, and have something to do.
          if (own !== number) await nextTurn();
        }
      }
    }
  } finally {
    // Nothing more is begun with where the rest is not wanted.
    begun = unknown.length;
  }
}
