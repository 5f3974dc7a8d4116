import { answerOrders } from "../system/thread-pool.ts";
import { type PartAnswer, type WriteOrder, writeParts } from "./write-parts.ts";

/** A thread that opens and writes parts. */
answerOrders<WriteOrder, PartAnswer[]>(writeParts);
