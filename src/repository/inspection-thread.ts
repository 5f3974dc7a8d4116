import { answerOrders } from "../system/thread-pool.ts";
import { inspectBlobs } from "./inspect-pack.ts";

/** A thread that looks blobs through. */
answerOrders(inspectBlobs);
