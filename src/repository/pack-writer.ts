import { createPackBuilder, recycle, type SpareMemory } from "./pack-builder.ts";
import type { BlobPayload } from "./pack-format.ts";
import { createPackSink, type PackSink, type PackSinkOptions } from "./pack-sink.ts";

/** Puts blobs into packs, and packs into the store and the index, in the order that keeps every crash harmless. */
export interface BlobWriter<Blob> extends Pick<PackSink, "counts" | "has" | "abandon"> {
  /** Takes a blob that is not there yet; waits while too much is under way. Rejects once an upload has failed for good. */
  add(blob: Blob): Promise<void>;
  /** Stores what is left, then the index of it. Only then may anything refer to the blobs. */
  finish(): Promise<void>;
}

export type PackWriter = BlobWriter<BlobPayload>;

/** One that does all its work in this thread. */
export function createPackWriter(options: PackSinkOptions): PackWriter {
  const spare: SpareMemory = [];
  const builder = createPackBuilder(options.repository.master, spare);
  const sink = createPackSink(options, (memory) => recycle(spare, memory));
  return {
    counts: sink.counts,
    has: sink.has,
    abandon: sink.abandon,
    async add(payload) {
      sink.expect(payload);
      const full = builder.add(payload);
      if (full) sink.store(full);
      await sink.room();
    },
    async finish() {
      for (const pack of builder.finish()) sink.store(pack);
      await sink.finish();
    },
  };
}
