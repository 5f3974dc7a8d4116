import { answerOrders } from "../system/thread-pool.ts";
import { inspect } from "./inspect-pack.ts";

/** A thread that looks packs through. */
answerOrders(inspect);
