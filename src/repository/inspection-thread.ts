import { parentPort } from "node:worker_threads";
import { type Inspection, inspectPack } from "./inspect-pack.ts";
import type { BlobLocation, Id, MasterKey } from "./types.ts";

export interface InspectionOrder {
  readonly number: number;
  readonly master: MasterKey;
  readonly pack: Id;
  readonly memory: ArrayBuffer;
  readonly indexed: readonly BlobLocation[];
}

export interface InspectionReport {
  readonly number: number;
  readonly inspection: Inspection;
}

/** A thread that looks packs through, one after the other. */
parentPort?.on("message", ({ number, master, pack, memory, indexed }: InspectionOrder) => {
  const inspection = inspectPack(master, { pack, bytes: Buffer.from(memory), indexed });
  parentPort?.postMessage({ number, inspection } satisfies InspectionReport);
});
