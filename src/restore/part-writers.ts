import { threadsBeside } from "../system/thread.ts";
import { createThreadPool, type ThreadPool } from "../system/thread-pool.ts";
import { type PartAnswer, type WriteOrder, writeParts } from "./write-parts.ts";

export type PartWriters = ThreadPool<WriteOrder, PartAnswer[]>;

/** Plain bytes of large parts from which the start of threads is worth while. */
const worthThreads = 64 * 1024 * 1024;

export interface PartWritersOptions {
  /** Beside the caller's. */
  readonly threads?: number;
  readonly worth?: number;
  /** What they run; for tests. */
  readonly program?: URL;
}

/** Threads that open and write parts, from the moment that there are enough to do. */
export interface LazyPartWriters {
  /** Undefined where `bytes` are too few, and no thread was started before. */
  startFor(bytes: number): PartWriters | undefined;
  close(): Promise<void>;
}

export function createPartWriters({
  threads = threadsBeside(),
  worth = worthThreads,
  program = new URL("./write-parts-thread.ts", import.meta.url),
}: PartWritersOptions = {}): LazyPartWriters {
  let pool: PartWriters | undefined;
  return {
    startFor(bytes) {
      if (bytes >= worth) pool ??= createThreadPool({ program, threads, carryOut: writeParts });
      return pool;
    },
    async close() {
      await pool?.close();
    },
  };
}
