import { compressBriefly } from "./compression.ts";
import { createPackBuilder, type FinishedPack, type PackBuilder, recycle, type SpareMemory } from "./pack-builder.ts";
import { payloadOf } from "./pack-format.ts";
import type { BlobType, Id, MasterKey } from "./types.ts";

/** What a packing thread is told. Memory goes along with the message: who has sent it does not have it any more. */
export type PackingOrder =
  | { readonly kind: "open"; readonly lane: number; readonly master: MasterKey }
  | { readonly kind: "pack"; readonly memory: ArrayBuffer; readonly blobs: readonly BatchedBlob[] }
  | { readonly kind: "flush"; readonly lane: number }
  | { readonly kind: "recycle"; readonly memory: ArrayBuffer };

/** What it tells. Orders are carried out one after the other. */
export type PackingReport =
  /** A batch is done, and its memory free. */
  | { readonly kind: "packed"; readonly memory: ArrayBuffer }
  | {
      readonly kind: "finished";
      readonly lane: number;
      readonly memory: ArrayBuffer;
      readonly length: number;
      readonly id: Id;
      readonly entries: FinishedPack["entries"];
    }
  /** Every pack of the lane with blobs of earlier orders has been reported. */
  | { readonly kind: "flushed"; readonly lane: number };

/** A plain blob in the memory of its batch. */
export interface BatchedBlob {
  readonly id: Id;
  readonly type: BlobType;
  readonly offset: number;
  readonly length: number;
  /** Who gets it: compressed once, sealed for each. */
  readonly lanes: number[];
}

/** Compresses, seals, packs and verifies: what is done with blobs between reading and storing, on whatever thread. */
export function createPackingWork(report: (report: PackingReport, memory: ArrayBuffer[]) => void): {
  carryOut(order: PackingOrder): void;
} {
  const builders = new Map<number, PackBuilder>();
  const spare: SpareMemory = [];

  const builderOf = (lane: number): PackBuilder => {
    const builder = builders.get(lane);
    if (!builder) throw new RangeError(`There is no lane ${lane}.`);
    return builder;
  };
  const finished = (lane: number, { id, bytes, entries }: FinishedPack): void => {
    const memory = bytes.buffer;
    report({ kind: "finished", lane, memory, length: bytes.length, id, entries }, [memory]);
  };

  return {
    carryOut(order) {
      switch (order.kind) {
        case "open":
          builders.set(order.lane, createPackBuilder(order.master, spare));
          return;
        case "pack":
          for (const { id, type, offset, length, lanes } of order.blobs) {
            const payload = payloadOf(type, Buffer.from(order.memory, offset, length), id, compressBriefly);
            for (const lane of lanes) {
              const full = builderOf(lane).add(payload);
              if (full) finished(lane, full);
            }
          }
          report({ kind: "packed", memory: order.memory }, [order.memory]);
          return;
        case "flush":
          for (const pack of builderOf(order.lane).finish()) finished(order.lane, pack);
          report({ kind: "flushed", lane: order.lane }, []);
          return;
        case "recycle":
          recycle(spare, order.memory);
      }
    },
  };
}
