import { isMirror } from "../mirror/open.ts";
import { dropRepository, finishDrop } from "../repository/drop.ts";
import { forgetSnapshots } from "../repository/forget.ts";
import { withLock } from "../repository/locks.ts";
import { prune } from "../repository/prune.ts";
import { openRepository, repositoryState } from "../repository/repository.ts";
import { listSnapshots } from "../repository/snapshots.ts";
import type { ForgetConfig } from "./configs.ts";
import { failureOf, invalid } from "./failure.ts";
import type { ForgottenTarget } from "./forget.ts";
import { type Output, showPacks } from "./output.ts";
import { logInternal, type TaskContext } from "./task.ts";

type Chain = ForgetConfig["targets"][number]["chains"][number];

/** What one chain gave. */
interface Forgotten {
  readonly chainsDropped: number;
  readonly bytesFreed: number;
}

/** Removes the snapshots that were decided on. A target that fails does not keep the others from being tidied. */
export async function forgetGiven(
  config: ForgetConfig,
  context: TaskContext,
  output: Output,
): Promise<ForgottenTarget[]> {
  const results: ForgottenTarget[] = [];
  for (const { name, chains } of config.targets) {
    const done = { snapshotsRemoved: 0, chainsDropped: 0, bytesFreed: 0 };
    const chainsForgotten: string[] = [];
    const notices: string[] = [];
    const onNotice = (notice: string): void => {
      notices.push(notice);
      output.notice(notice);
    };
    try {
      for (const chain of chains) {
        // Told at once: what is gone is gone, should the prune that follows fail.
        const onForgotten = (removed: number): void => {
          done.snapshotsRemoved += removed;
          chainsForgotten.push(chain.chain);
        };
        const forgotten = await forgetChain(chain, config, context, { ...output, notice: onNotice, onForgotten });
        done.chainsDropped += forgotten.chainsDropped;
        done.bytesFreed += forgotten.bytesFreed;
      }
      results.push({ target: name, state: "Good", ...(notices.length > 0 && { message: notices.join(" ") }), ...done });
    } catch (error) {
      const failure = failureOf(error);
      if (failure.reason === "InternalError") logInternal(error);
      const message = [failure.message, ...notices].join(" ");
      results.push({ target: name, state: "Failed", ...failure, message, ...done, chainsForgotten });
    }
  }
  return results;
}

async function forgetChain(
  chain: Chain,
  { lock: identity, maxUnusedShare }: ForgetConfig,
  { stores, signal }: TaskContext,
  output: Output & { readonly onForgotten: (removed: number) => void },
): Promise<Forgotten> {
  signal.throwIfAborted();
  const location = await stores.open(chain.repository);
  if (await isMirror(location.storage)) {
    throw invalid(`${location.storage.description} is a mirror: it has no snapshots to forget, and is not dropped.`);
  }
  const { snapshots, dropWhenEmpty } = chain;
  // A removal that was interrupted is finished; one that was not noticed to be done is no error.
  const state = dropWhenEmpty ? await repositoryState(location.storage) : "Ready";
  if (state === "Absent") {
    output.onForgotten(snapshots.length);
    return { chainsDropped: 1, bytesFreed: 0 };
  }
  if (state === "Initialising") {
    output.onForgotten(snapshots.length);
    const { bytesFreed } = await finishDrop(location.storage);
    return { chainsDropped: 1, bytesFreed };
  }
  const repository = await openRepository(location);
  return withLock(repository, { exclusive: true, identity, onNotice: output.notice, signal }, async (lock) => {
    output.onForgotten(await forgetSnapshots({ repository, lock, snapshots }));
    const isEmpty = (await listSnapshots(repository)).length === 0;
    if (dropWhenEmpty && isEmpty) {
      const { bytesFreed } = await dropRepository({ repository, lock });
      return { chainsDropped: 1, bytesFreed };
    }
    const share = maxUnusedShare !== undefined && { maxUnusedShare };
    const { bytesFreed } = await prune({ repository, lock, onProgress: showPacks(output), ...share });
    return { chainsDropped: 0, bytesFreed };
  });
}
