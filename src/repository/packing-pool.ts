import { setImmediate as nextTurn } from "node:timers/promises";
import { startThread, type Thread, threadsBeside } from "../system/thread.ts";
import { RepositoryError } from "./errors.ts";
import type { FinishedPack } from "./pack-builder.ts";
import { type BatchedBlob, createPackingWork, type PackingOrder, type PackingReport } from "./packing-work.ts";
import type { BlobType, Id, MasterKey } from "./types.ts";

/** Plain bytes that go to a thread at once: few enough to wait little for, many enough that the handing over costs nothing. */
const batchBytes = 2 * 1024 * 1024;
const batchBlobs = 1024;
/** Batches that a thread may have to do. Where all of them have as many, the caller does one itself instead of waiting for them. */
const usualBatchesAhead = 3;

export interface PlainBlob {
  readonly id: Id;
  readonly type: BlobType;
  readonly bytes: Uint8Array;
}

/**
 * Packs blobs for all repositories of a run, in threads of their own. They are started when there is a first batch to do: a run
 * that has little to store does it in its own thread. A thread that fails or ends is a failure of all lanes.
 */
export interface PackingPool {
  /** A lane for one repository. `onPack` gets every pack as it becomes whole. */
  open(master: MasterKey, onPack: (pack: FinishedPack) => void): PackingLane;
  /** Lets the threads' reports be heard after a batch was given out. To be waited for between blobs. */
  room(): Promise<void>;
  /** Ends the threads; what was not handed out yet is lost. */
  close(): Promise<void>;
}

export interface PackingLane {
  /** Copies the blob. The same one given to several lanes in a row is compressed once. Throws once packing has failed. */
  add(blob: PlainBlob): void;
  /** Resolves when everything that was added has been handed out. */
  flush(): Promise<void>;
  /** Gives back the memory of a pack. */
  recycle(memory: ArrayBuffer): void;
}

/** Who carries out orders: a thread, or the caller's own. */
interface Hand {
  /** Batches it has to do. */
  waiting: number;
  give(order: PackingOrder, memory?: ArrayBuffer[]): void;
}

interface Batch {
  readonly memory: ArrayBuffer;
  readonly blobs: BatchedBlob[];
  length: number;
}

interface Lane {
  readonly master: MasterKey;
  readonly onPack: (pack: FinishedPack) => void;
  /** Answers that are still to come to a `flush`. */
  unflushed: number;
}

export interface PackingPoolOptions {
  /** Beside the one that reads, cuts, hashes and uploads. Each holds an open pack of data. */
  readonly threads?: number;
  /** Batches that a thread may have to do, before the caller does one itself. */
  readonly batchesAhead?: number;
  /** What they run; for tests. */
  readonly program?: URL;
}

export function createPackingPool({
  threads = threadsBeside(),
  batchesAhead = usualBatchesAhead,
  program = new URL("./packing-thread.ts", import.meta.url),
}: PackingPoolOptions = {}): PackingPool {
  const lanes: Lane[] = [];
  const started: Thread<PackingOrder>[] = [];
  const spare: ArrayBuffer[] = [];
  /** Memory of packs goes back to who made it. */
  const makers = new WeakMap<ArrayBuffer, Hand>();
  let batch: Batch | undefined;
  let failure: { readonly error: unknown } | undefined;
  /** A batch was given out, and the threads' reports have not been heard since: who has how much to do, and what memory is free. */
  let isDeaf = false;
  let changed = Promise.withResolvers<void>();

  const announce = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const fail = (error: unknown): void => {
    failure ??= { error };
    announce();
  };
  const throwFailure = (): void => {
    if (failure) throw failure.error;
  };

  const heed = (hand: Hand, report: PackingReport): void => {
    const lane = "lane" in report ? (lanes[report.lane] as Lane) : undefined;
    if (report.kind === "packed") {
      hand.waiting--;
      if (report.memory.byteLength === batchBytes) spare.push(report.memory);
    } else if (report.kind === "finished") {
      const { id, entries, memory, length } = report;
      makers.set(memory, hand);
      lane?.onPack({ id, entries, bytes: Buffer.from(memory, 0, length) });
    } else if (lane) lane.unflushed--;
    announce();
  };

  const ownHand = (): Hand => {
    const work = createPackingWork((report) => heed(hand, report));
    const hand: Hand = {
      waiting: 0,
      give(order) {
        try {
          work.carryOut(order);
        } catch (error) {
          fail(error);
        }
      },
    };
    return hand;
  };
  const startHand = (): Hand => {
    const thread = startThread<PackingOrder, PackingReport>({
      program,
      onReport: (report) => heed(hand, report),
      onFailure: fail,
    });
    const hand: Hand = { waiting: 0, give: thread.give };
    started.push(thread);
    for (const [lane, { master }] of lanes.entries()) hand.give({ kind: "open", lane, master });
    return hand;
  };

  const own = ownHand();
  const hands: Hand[] = [];
  const everybody = (): Hand[] => [own, ...hands];

  const dispatch = (canStart: boolean): void => {
    if (!batch) return;
    const { memory, blobs } = batch;
    batch = undefined;
    if (canStart && hands.length === 0) hands.push(...Array.from({ length: threads }, startHand));
    const free = hands.reduce((least, each) => (each.waiting < least.waiting ? each : least), hands[0] ?? own);
    const hand = free.waiting < batchesAhead ? free : own;
    isDeaf = true;
    hand.waiting++;
    hand.give({ kind: "pack", memory, blobs }, [memory]);
  };

  const add = (lane: number, { id, type, bytes }: PlainBlob): void => {
    throwFailure();
    const last = batch?.blobs.at(-1);
    if (last?.id === id && last.type === type && !last.lanes.includes(lane)) {
      last.lanes.push(lane);
      return;
    }
    const isFull =
      batch && (batch.length + bytes.length > batch.memory.byteLength || batch.blobs.length === batchBlobs);
    if (isFull) dispatch(true);
    batch ??= {
      memory:
        (bytes.length <= batchBytes ? spare.pop() : undefined) ?? new ArrayBuffer(Math.max(batchBytes, bytes.length)),
      blobs: [],
      length: 0,
    };
    new Uint8Array(batch.memory).set(bytes, batch.length);
    batch.blobs.push({ id, type, offset: batch.length, length: bytes.length, lanes: [lane] });
    batch.length += bytes.length;
  };

  const flush = async (number: number): Promise<void> => {
    dispatch(false);
    const lane = lanes[number] as Lane;
    lane.unflushed += everybody().length;
    for (const hand of everybody()) hand.give({ kind: "flush", lane: number });
    while (lane.unflushed > 0 && !failure) await changed.promise;
    throwFailure();
  };

  return {
    open(master, onPack) {
      const lane = lanes.push({ master, onPack, unflushed: 0 }) - 1;
      for (const hand of everybody()) hand.give({ kind: "open", lane, master });
      return {
        add: (blob) => add(lane, blob),
        flush: () => flush(lane),
        recycle: (memory) => makers.get(memory)?.give({ kind: "recycle", memory }, [memory]),
      };
    },
    async room() {
      if (!isDeaf) return;
      isDeaf = false;
      await nextTurn();
    },
    async close() {
      fail(new RepositoryError("InternalError", "The packing was ended."));
      await Promise.all(started.map((thread) => thread.end()));
    },
  };
}
