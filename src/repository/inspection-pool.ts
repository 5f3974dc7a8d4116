import { threadsBeside } from "../system/thread.ts";
import { createThreadPool, ordersAhead, wholeMemory } from "../system/thread-pool.ts";
import { type Inspection, inspectPack, type PackContent } from "./inspect-pack.ts";
import type { InspectionOrder } from "./inspection-thread.ts";
import type { MasterKey } from "./types.ts";

/** Bytes of packs from which the start of threads is worth while: it takes as long as looking through some 32 MiB. */
const worthThreads = 64 * 1024 * 1024;

/** Looks packs through, in threads of its own and in the caller's. */
export interface InspectionPool {
  /** Packs that may be under way, so that nobody waits for them to be read. */
  readonly concurrency: number;
  /** Takes the bytes. Rejects once a thread has failed. */
  inspect(content: PackContent): Promise<Inspection>;
  close(): Promise<void>;
}

export interface InspectionPoolOptions {
  /** Beside the caller's. Each holds up to two packs. */
  readonly threads?: number;
  /** How much there is to look through. */
  readonly bytes: number;
  /** What they run; for tests. */
  readonly program?: URL;
}

export function createInspectionPool(
  master: MasterKey,
  {
    threads = threadsBeside(),
    program = new URL("./inspection-thread.ts", import.meta.url),
    bytes,
  }: InspectionPoolOptions,
): InspectionPool {
  const pool = createThreadPool<InspectionOrder, Inspection>({ program, threads: bytes < worthThreads ? 0 : threads });
  return {
    concurrency: threads * ordersAhead + 1,
    async inspect(content) {
      if (!pool.isFree) return inspectPack(master, content);
      const { pack, bytes, indexed } = content;
      const memory = wholeMemory(bytes);
      return pool.ask({ master, pack, memory, indexed }, [memory]);
    },
    close: pool.close,
  };
}
