import { parentPort } from "node:worker_threads";
import { takeOrders } from "../system/thread.ts";
import { createPackingWork, type PackingOrder } from "./packing-work.ts";

/** A thread that packs. An error ends it, and is the pool's failure. */
const work = createPackingWork((report) => parentPort?.postMessage(report));
takeOrders((order: PackingOrder) => work.carryOut(order));
