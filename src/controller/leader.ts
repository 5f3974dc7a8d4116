import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { KubeClient } from "../kube/client.ts";
import { claimLease, type KeptLease, keepLease } from "../kube/lease.ts";

/** The Lease by which one of several controllers works while the others stand by. */
export const leaderLease = "holdfast-controller";

const durationSeconds = 15;
const retryMs = 2000;

/** Waits until this process is the leader. Rejects only when `signal` aborts: trouble with the API server is waited out. */
export async function becomeLeader(options: {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Unique to this process. */
  readonly holder: string;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Called after each attempt that got an answer. */
  readonly onAnswer: () => void;
}): Promise<KeptLease> {
  const { client, namespace, holder, signal, log } = options;
  const claim = claimLease({ client, namespace, name: leaderLease, holder, durationSeconds });
  let told: string | undefined;
  for (;;) {
    signal.throwIfAborted();
    try {
      const answer = await claim.tryAcquire();
      options.onAnswer();
      if (answer.held) return keepLease(claim, durationSeconds);
      if (answer.holder !== told) log.info({ leader: answer.holder }, "standing by");
      told = answer.holder;
    } catch (error) {
      log.warn({ err: error }, "cannot take part in the leader election");
    }
    await sleep(retryMs * (1 + Math.random() / 4), undefined, { signal });
  }
}
