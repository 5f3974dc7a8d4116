import { setImmediate as nextTurn } from "node:timers/promises";
import { bufferOf, createMemoryPool, sharable } from "../system/memory.ts";
import { startThread, type Thread, threadsBeside } from "../system/thread.ts";
import { RepositoryError } from "./errors.ts";
import type { FinishedPack } from "./pack-builder.ts";
import {
  type BatchedBlob,
  createPackingWork,
  type PackingOrder,
  type PackingReport,
  type SealedBlobs,
} from "./packing-work.ts";
import type { BlobLocation, BlobType, Id, MasterKey } from "./types.ts";

/** Plain bytes that go to a thread at once: few enough to wait little for, many enough that the handing over costs nothing. */
const batchBytes = 2 * 1024 * 1024;
const batchBlobs = 1024;
/** Batches that a thread may have to do. Where all of them have as many, the caller does one itself instead of waiting for them. */
const usualBatchesAhead = 3;
/** The same of pieces of packs, which are longer. */
const piecesAhead = 2;

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
  /** Pieces that may be moved at the same time, so that nobody waits for them to be read. */
  readonly concurrentMoves: number;
  /** Lets the threads' reports be heard after a batch was given out. To be waited for between blobs. */
  room(): Promise<void>;
  /** Ends the threads; what was not handed out yet is lost. */
  close(): Promise<void>;
}

export interface PackingLane {
  /** Copies the blob. The same one given to several lanes in a row is compressed once. Throws once packing has failed. */
  add(blob: PlainBlob): void;
  /**
   * Puts blobs into new packs as they are, each one checked. Returns those that are no good. The bytes must stay as they are until
   * then; those that are not in shared memory are copied for a thread.
   */
  move(blobs: SealedBlobs): Promise<BlobLocation[]>;
  /** Resolves when everything that was added has been handed out. */
  flush(): Promise<void>;
  /** Gives back the memory of a pack. */
  recycle(bytes: Buffer): void;
}

/** Who carries out orders: a thread, or the caller's own. */
interface Hand {
  /** Batches and pieces it has to do. */
  waiting: number;
  /** Packs it has handed out, and has not been given memory back for. */
  owed: number;
  /** Who waits for pieces to be moved, in their order. */
  readonly moves: PromiseWithResolvers<readonly number[]>[];
  give(order: PackingOrder): void;
}

interface Batch {
  readonly bytes: Buffer;
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
  // Without threads nothing is worth sharing, and what the engine does not count piles up where many pools come and go.
  const newMemory = () => createMemoryPool(threads > 0 ? undefined : Number.POSITIVE_INFINITY);
  const batches = newMemory();
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
  /** Only for a hand that does nothing any more: the bytes of what it was to move are given back then. */
  const failMoves = ({ moves }: Hand, error: unknown): void => {
    for (const { reject } of moves.splice(0)) reject(error);
  };
  const throwFailure = (): void => {
    if (failure) throw failure.error;
  };

  const heed = (hand: Hand, report: PackingReport): void => {
    const lane = "lane" in report ? (lanes[report.lane] as Lane) : undefined;
    if (report.kind === "packed") {
      hand.waiting--;
      batches.giveBack(report.bytes);
    } else if (report.kind === "moved") {
      hand.waiting--;
      hand.moves.shift()?.resolve(report.damaged);
    } else if (report.kind === "finished") {
      const { id, entries } = report;
      hand.owed++;
      lane?.onPack({ id, entries, bytes: bufferOf(report.bytes) });
    } else if (lane) lane.unflushed--;
    announce();
  };

  const ownHand = (): Hand => {
    const work = createPackingWork((report) => heed(hand, report), newMemory());
    const hand: Hand = {
      waiting: 0,
      owed: 0,
      moves: [],
      give(order) {
        try {
          work.carryOut(order);
        } catch (error) {
          fail(error);
          failMoves(hand, error);
        }
      },
    };
    return hand;
  };
  const startHand = (): Hand => {
    const thread = startThread<PackingOrder, PackingReport>({
      program,
      onReport: (report) => heed(hand, report),
      onFailure: (error) => {
        fail(error);
        failMoves(hand, error);
      },
    });
    const hand: Hand = { waiting: 0, owed: 0, moves: [], give: (order) => thread.give(order) };
    started.push(thread);
    for (const [lane, { master }] of lanes.entries()) hand.give({ kind: "open", lane, master });
    return hand;
  };

  const own = ownHand();
  const hands: Hand[] = [];
  const everybody = (): Hand[] => [own, ...hands];

  /** Who has least to do; the caller's own where each thread has that much. */
  const freeHand = (ahead: number): Hand => {
    const free = hands.reduce((least, each) => (each.waiting < least.waiting ? each : least), hands[0] ?? own);
    return free.waiting < ahead ? free : own;
  };
  /** To who lacks most, and not to who made the pack: as many packs as are under way together are then under way of each, and none keeps many. */
  const recycle = (bytes: Buffer): void => {
    const hand = everybody().reduce((most, each) => (each.owed > most.owed ? each : most));
    hand.owed--;
    hand.give({ kind: "recycle", bytes });
  };
  const startHands = (): void => {
    if (hands.length === 0) hands.push(...Array.from({ length: threads }, startHand));
  };

  const dispatch = (canStart: boolean): void => {
    if (!batch) return;
    const { bytes, blobs } = batch;
    batch = undefined;
    if (canStart) startHands();
    const hand = freeHand(batchesAhead);
    isDeaf = true;
    hand.waiting++;
    hand.give({ kind: "pack", bytes, blobs });
  };

  const add = (lane: number, { id, type, bytes }: PlainBlob): void => {
    throwFailure();
    const last = batch?.blobs.at(-1);
    if (last?.id === id && last.type === type && !last.lanes.includes(lane)) {
      last.lanes.push(lane);
      return;
    }
    const isFull = batch && (batch.length + bytes.length > batch.bytes.length || batch.blobs.length === batchBlobs);
    if (isFull) dispatch(true);
    batch ??= { bytes: batches.take(Math.max(batchBytes, bytes.length)), blobs: [], length: 0 };
    // Not `set`, which takes eight times as long with shared memory.
    bufferOf(bytes).copy(batch.bytes, batch.length);
    batch.blobs.push({ id, type, offset: batch.length, length: bytes.length, lanes: [lane] });
    batch.length += bytes.length;
  };

  const move = async (lane: number, blobs: SealedBlobs): Promise<BlobLocation[]> => {
    throwFailure();
    startHands();
    const hand = freeHand(piecesAhead);
    const answer = Promise.withResolvers<readonly number[]>();
    hand.waiting++;
    hand.moves.push(answer);
    try {
      hand.give({ kind: "move", lane, ...blobs, bytes: sharable(blobs.bytes) });
    } catch (error) {
      // It never got there, and the next answer is not for it.
      hand.waiting--;
      hand.moves.pop();
      throw error;
    }
    // After its own work, the threads are heard before more is done here.
    const [damaged] = await Promise.all([answer.promise, hand === own ? nextTurn() : undefined]);
    return damaged.map((place) => blobs.locations[place] as BlobLocation);
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
        move: (blobs) => move(lane, blobs),
        flush: () => flush(lane),
        recycle,
      };
    },
    // Without threads, too, one is read while another is moved.
    concurrentMoves: Math.max(2, threads * piecesAhead + 1),
    async room() {
      if (!isDeaf) return;
      isDeaf = false;
      await nextTurn();
    },
    async close() {
      const error = new RepositoryError("InternalError", "The packing was ended.");
      fail(error);
      await Promise.all(started.map((thread) => thread.end()));
      for (const hand of hands) failMoves(hand, error);
    },
  };
}
