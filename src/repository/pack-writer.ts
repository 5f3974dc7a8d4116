import { createPackSink, type PackSink, type PackSinkOptions } from "./pack-sink.ts";
import type { PackingPool, PlainBlob } from "./packing-pool.ts";
import type { SealedBlobs } from "./packing-work.ts";
import type { BlobLocation } from "./types.ts";

/** Puts blobs into packs, and packs into the store and the index, in the order that keeps every crash harmless. */
export interface PackWriter extends Pick<PackSink, "counts" | "has" | "abandon"> {
  /** Takes a blob that is not there yet; waits while too much is under way. Rejects once packing or an upload has failed for good. */
  add(blob: PlainBlob): Promise<void>;
  /**
   * Takes blobs of the same repository as they are sealed in a pack, each one checked, but none that is there already; `readElsewhere` gives the
   * content of one that is no good. The bytes must stay as they are until it settles. Waits and rejects as `add`.
   */
  move(blobs: SealedBlobs, readElsewhere: (damaged: BlobLocation) => Promise<Buffer>): Promise<void>;
  /** Stores what is left, then the index of it. Only then may anything refer to the blobs. */
  finish(): Promise<void>;
}

/** A writer whose blobs are packed by a pool, which several writers may share. Who adds also waits for the pool's `room`. */
export function createPackWriter(pool: PackingPool, options: PackSinkOptions): PackWriter {
  const lane = pool.open(options.repository.master, (pack) => sink.store(pack));
  const sink = createPackSink(options, (bytes) => lane.recycle(bytes));
  return {
    counts: sink.counts,
    has: sink.has,
    abandon: sink.abandon,
    async add(blob) {
      sink.expect({ ...blob, plainLength: blob.bytes.length });
      lane.add(blob);
      await sink.room();
    },
    async move(blobs, readElsewhere) {
      // Beforehand as well: several are moved at a time.
      await sink.room();
      const locations = blobs.locations.filter((location) => {
        // One by one: a pack that two index files name has all its blobs twice.
        if (sink.has(location.id, location.type)) return false;
        sink.expect(location);
        return true;
      });
      for (const location of await lane.move({ ...blobs, locations })) {
        const { id, type } = location;
        lane.add({ id, type, bytes: await readElsewhere(location) });
      }
      await sink.room();
    },
    async finish() {
      await lane.flush();
      await sink.finish();
    },
  };
}
