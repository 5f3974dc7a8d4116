import { startThread, type Thread, threadsBeside } from "../system/thread.ts";
import { type Inspection, inspectPack, type PackContent } from "./inspect-pack.ts";
import type { InspectionOrder, InspectionReport } from "./inspection-thread.ts";
import type { MasterKey } from "./types.ts";

/** Packs that a thread may have to look through. Where all of them have as many, the caller does one itself. */
const packsAhead = 2;
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

interface Hand {
  readonly thread: Thread<InspectionOrder>;
  readonly waiting: Map<number, PromiseWithResolvers<Inspection>>;
}

export function createInspectionPool(
  master: MasterKey,
  {
    threads = threadsBeside(),
    program = new URL("./inspection-thread.ts", import.meta.url),
    bytes,
  }: InspectionPoolOptions,
): InspectionPool {
  let failure: { readonly error: unknown } | undefined;
  let number = 0;

  const startHand = (): Hand => {
    const waiting: Hand["waiting"] = new Map();
    const thread = startThread<InspectionOrder, InspectionReport>({
      program,
      onReport({ number, inspection }) {
        waiting.get(number)?.resolve(inspection);
        waiting.delete(number);
      },
      onFailure(error) {
        failure ??= { error };
        for (const { reject } of waiting.values()) reject(error);
        waiting.clear();
      },
    });
    return { thread, waiting };
  };

  const hands = bytes < worthThreads ? [] : Array.from({ length: threads }, startHand);

  return {
    concurrency: threads * packsAhead + 1,
    async inspect(content) {
      if (failure) throw failure.error;
      const [free] = hands.toSorted((a, b) => a.waiting.size - b.waiting.size);
      if (!free || free.waiting.size >= packsAhead) return inspectPack(master, content);
      const answer = Promise.withResolvers<Inspection>();
      free.waiting.set(++number, answer);
      const { pack, bytes, indexed } = content;
      const memory = wholeMemory(bytes);
      free.thread.give({ number, master, pack, memory, indexed }, [memory]);
      return answer.promise;
    },
    async close() {
      await Promise.all(hands.map(({ thread }) => thread.end()));
    },
  };
}

/** Memory with these bytes and no others: the buffer's own, or a copy where it is a part of something larger. */
function wholeMemory({ buffer, byteOffset, byteLength }: Buffer): ArrayBuffer {
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return (isWhole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer;
}
