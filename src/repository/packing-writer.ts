import { createPackSink, type PackSinkOptions } from "./pack-sink.ts";
import type { BlobWriter } from "./pack-writer.ts";
import type { PackingPool, PlainBlob } from "./packing-pool.ts";

/** A writer whose blobs are packed by a pool, which several writers may share. Who adds also waits for the pool's `room`. */
export function createPackingWriter(pool: PackingPool, options: PackSinkOptions): BlobWriter<PlainBlob> {
  const lane = pool.open(options.repository.master, (pack) => sink.store(pack));
  const sink = createPackSink(options, (memory) => lane.recycle(memory));
  return {
    counts: sink.counts,
    has: sink.has,
    abandon: sink.abandon,
    async add({ id, type, bytes }) {
      sink.expect({ id, type, plainLength: bytes.length });
      lane.add({ id, type, bytes });
      await sink.room();
    },
    async finish() {
      await lane.flush();
      await sink.finish();
    },
  };
}
