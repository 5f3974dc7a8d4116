import { threadsBeside } from "../system/thread.ts";
import { createThreadPool, ordersAhead } from "../system/thread-pool.ts";
import { allEnded } from "./concurrency.ts";
import { type InspectionOrder, inspectBlobs } from "./inspect-pack.ts";
import { divide, pieceOf, type StoredPiece } from "./pieces.ts";
import type { BlobLocation, MasterKey } from "./types.ts";

/** Plain bytes from which the start of threads is worth while: it takes as long as looking through some 64 MiB. */
const worthThreads = 128 * 1024 * 1024;

/** Plain bytes that are handed to a thread at once: so few that no thread has much more to do than the others in the end. */
const pieceBytes = 16 * 1024 * 1024;

/** Looks blobs through, in threads of its own and in the caller's. */
export interface InspectionPool {
  /** Packs of which a piece may be under way, so that nobody waits for one to be read. */
  readonly concurrency: number;
  /**
   * Those of the blobs of a piece that are no good. They come in the order of their offsets; the bytes must stay as they are until then. Rejects once a
   * thread has failed.
   */
  inspect(piece: StoredPiece, blobs: readonly BlobLocation[]): Promise<BlobLocation[]>;
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
  const pool = createThreadPool<InspectionOrder, number[]>({
    program,
    threads: plainBytes < worthThreads ? 0 : threads,
    carryOut: inspectBlobs,
  });
  return {
    concurrency: threads * ordersAhead + 1,
    async inspect({ bytes, start }, blobs) {
      const inspected = divide(blobs, pieceBytes).map(async (part) => {
        const damaged = await pool.carryOut({ master, blobs: part, ...pieceOf(bytes, start, part) });
        return damaged.map((place) => part[place] as BlobLocation);
      });
      return (await allEnded(inspected)).flat();
    },
    close: pool.close,
  };
}
