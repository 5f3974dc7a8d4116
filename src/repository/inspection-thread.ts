import { answerOrders } from "../system/thread-pool.ts";
import { type Inspection, inspectPack } from "./inspect-pack.ts";
import type { BlobLocation, Id, MasterKey } from "./types.ts";

export interface InspectionOrder {
  readonly master: MasterKey;
  readonly pack: Id;
  readonly memory: ArrayBuffer;
  readonly indexed: readonly BlobLocation[];
}

/** A thread that looks packs through. */
answerOrders<InspectionOrder, Inspection>(({ master, pack, memory, indexed }) =>
  inspectPack(master, { pack, bytes: Buffer.from(memory), indexed }),
);
