import { bufferOf, createMemoryPool } from "../system/memory.ts";
import { compressBriefly } from "./compression.ts";
import { createPackBuilder, type FinishedPack, type PackBuilder } from "./pack-builder.ts";
import { type BlobPayload, openPayload, payloadOf } from "./pack-format.ts";
import type { BlobLocation, BlobType, Id, MasterKey } from "./types.ts";

/** What a packing thread is told. Bytes must stay as they are until the report. */
export type PackingOrder =
  | { readonly kind: "open"; readonly lane: number; readonly master: MasterKey }
  | { readonly kind: "pack"; readonly bytes: Uint8Array; readonly blobs: readonly BatchedBlob[] }
  | ({ readonly kind: "move"; readonly lane: number } & SealedBlobs)
  | { readonly kind: "flush"; readonly lane: number }
  /** Nobody reads these bytes of a pack any more. */
  | { readonly kind: "recycle"; readonly bytes: Uint8Array };

/** What it tells. Orders are carried out one after the other. */
export type PackingReport =
  | { readonly kind: "packed"; readonly bytes: Uint8Array }
  /** All are in packs but those at these places, which are no good. */
  | { readonly kind: "moved"; readonly damaged: readonly number[] }
  | ({ readonly kind: "finished"; readonly lane: number; readonly bytes: Uint8Array } & Omit<FinishedPack, "bytes">)
  /** Every pack of the lane with blobs of earlier orders has been reported. */
  | { readonly kind: "flushed"; readonly lane: number };

/** A plain blob in the bytes of its batch. */
export interface BatchedBlob {
  readonly id: Id;
  readonly type: BlobType;
  readonly offset: number;
  readonly length: number;
  /** Who gets it: compressed once, sealed for each. */
  readonly lanes: number[];
}

/** Blobs in a piece of a pack of the same repository. */
export interface SealedBlobs {
  readonly bytes: Uint8Array;
  /** Where the bytes begin in the pack. */
  readonly start: number;
  readonly locations: readonly BlobLocation[];
}

interface Lane {
  readonly master: MasterKey;
  readonly builder: PackBuilder;
}

/** Compresses, seals, packs and verifies: what is done with blobs between reading and storing, on whatever thread. */
export function createPackingWork(
  report: (report: PackingReport) => void,
  memory = createMemoryPool(),
): { carryOut(order: PackingOrder): void } {
  const lanes = new Map<number, Lane>();

  const laneOf = (number: number): Lane => {
    const lane = lanes.get(number);
    if (!lane) throw new RangeError(`There is no lane ${number}.`);
    return lane;
  };
  const add = (lane: number, payload: BlobPayload): void => {
    const full = laneOf(lane).builder.add(payload);
    if (full) report({ kind: "finished", lane, ...full });
  };
  const pack = (bytes: Buffer, blobs: readonly BatchedBlob[]): void => {
    for (const { id, type, offset, length, lanes } of blobs) {
      const payload = payloadOf(type, bytes.subarray(offset, offset + length), id, compressBriefly);
      for (const lane of lanes) add(lane, payload);
    }
  };
  const move = (lane: number, { bytes, start, locations }: SealedBlobs): number[] => {
    const { master } = laneOf(lane);
    return locations.flatMap((location, place) => {
      const offset = location.offset - start;
      const payload = openPayload(master, bytes.subarray(offset, offset + location.length), location);
      if (!payload) return [place];
      add(lane, payload);
      return [];
    });
  };

  return {
    carryOut(order) {
      switch (order.kind) {
        case "open":
          lanes.set(order.lane, { master: order.master, builder: createPackBuilder(order.master, memory) });
          return;
        case "pack":
          pack(bufferOf(order.bytes), order.blobs);
          report({ kind: "packed", bytes: order.bytes });
          return;
        case "move":
          report({ kind: "moved", damaged: move(order.lane, order) });
          return;
        case "flush":
          for (const full of laneOf(order.lane).builder.finish())
            report({ kind: "finished", lane: order.lane, ...full });
          report({ kind: "flushed", lane: order.lane });
          return;
        case "recycle":
          memory.giveBack(order.bytes);
      }
    },
  };
}
