import { threadsBeside } from "../system/thread.ts";
import { createThreadPool, ordersAhead } from "../system/thread-pool.ts";
import { type Inspection, type InspectionOrder, inspect, type PackContent } from "./inspect-pack.ts";
import { divide, pieceOf } from "./pieces.ts";
import type { MasterKey } from "./types.ts";

/** Plain bytes from which the start of threads is worth while: it takes as long as looking through some 64 MiB. */
const worthThreads = 128 * 1024 * 1024;

/** Plain bytes that are handed to a thread at once: so few that no thread has much more to do than the others in the end. */
const pieceBytes = 16 * 1024 * 1024;

/** Looks packs through, in threads of its own and in the caller's. */
export interface InspectionPool {
  /** Packs that may be under way, so that nobody waits for them to be read. */
  readonly concurrency: number;
  /** The bytes must stay as they are until then. Rejects once a thread has failed. */
  inspect(content: PackContent): Promise<Inspection>;
  close(): Promise<void>;
}

export interface InspectionPoolOptions {
  /** Beside the caller's. */
  readonly threads?: number;
  /** How much there is to look through, decompressed. */
  readonly plainBytes: number;
  /** What they run; for tests. */
  readonly program?: URL;
}

export function createInspectionPool(
  master: MasterKey,
  {
    threads = threadsBeside(),
    program = new URL("./inspection-thread.ts", import.meta.url),
    plainBytes,
  }: InspectionPoolOptions,
): InspectionPool {
  const pool = createThreadPool<InspectionOrder, Inspection>({
    program,
    threads: plainBytes < worthThreads ? 0 : threads,
    carryOut: inspect,
  });
  return {
    concurrency: threads * ordersAhead + 1,
    async inspect({ pack, bytes, indexed }) {
      const pieces = divide(indexed, pieceBytes);
      if (pieces.length < 2) return pool.carryOut({ master, what: "Pack", pack, bytes, indexed, start: 0 });
      const [frame, ...found] = await Promise.all([
        pool.carryOut({ master, what: "Frame", pack, bytes, indexed, start: 0 }),
        ...pieces.map((piece) =>
          pool.carryOut({ master, what: "Blobs", pack, indexed: piece, ...pieceOf(bytes, 0, piece) }),
        ),
      ]);
      const problems = [...frame.problems];
      const damaged: number[] = [];
      let position = 0;
      for (const [number, piece] of pieces.entries()) {
        const base = position;
        problems.push(...(found[number]?.problems ?? []));
        damaged.push(...(found[number]?.damaged ?? []).map((at) => base + at));
        position += piece.length;
      }
      return { problems, damaged };
    },
    close: pool.close,
  };
}
