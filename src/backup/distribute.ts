import { setTimeout as sleep } from "node:timers/promises";
import type { PackingPool } from "../repository/packing-pool.ts";
import type { BlobType, Id } from "../repository/types.ts";
import { isActive, type TargetSession } from "./session.ts";

/** Those that one read is for. */
export interface Recipients {
  readonly sessions: readonly TargetSession[];
  /** How long, in all, one of them may alone keep the others waiting before they go on without it. */
  readonly patienceMilliseconds: number;
  /** Of the sessions' writers. */
  readonly packing: Pick<PackingPool, "room">;
}

/** Hands a blob to every target that lacks it. `bytes` may be reused when it resolves. */
export async function distribute(
  { sessions, patienceMilliseconds, packing }: Recipients,
  type: BlobType,
  id: Id,
  bytes: Buffer,
): Promise<void> {
  const lacking = sessions.filter((session) => session.lacks(id, type));
  if (lacking.length === 0) return;
  const adding = new Map(lacking.map((session) => [session, session.add({ id, type, bytes })]));
  await packing.room();
  const areOthersWaiting = sessions.filter(isActive).length > 1;
  if (areOthersWaiting) await waitFairly(adding, patienceMilliseconds);
  else await Promise.all(adding.values());
}

/** One that falls behind has taken the blob all the same, and stores it in its own time. */
async function waitFairly(adding: Map<TargetSession, Promise<void>>, patienceMilliseconds: number): Promise<void> {
  for (const [session, added] of adding) added.then(() => adding.delete(session));
  while (adding.size > 1) await Promise.race(adding.values());
  const [last] = adding;
  if (!last) return;
  const [session, added] = last;
  const since = performance.now();
  const isOver = new AbortController();
  const patience = sleep(Math.max(0, patienceMilliseconds - session.keptOthersWaiting), true, {
    signal: isOver.signal,
  });
  const isUsedUp = await Promise.race([added.then(() => false), patience.catch(() => false)]);
  isOver.abort();
  session.keptOthersWaiting += performance.now() - since;
  // A timer may end a little before its time by the other clock.
  if (isUsedUp || session.keptOthersWaiting >= patienceMilliseconds) session.fallBehind();
}
