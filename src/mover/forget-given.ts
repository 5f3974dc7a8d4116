import type { ForgetConfig } from "../contract/configs.ts";
import { isMirror } from "../mirror/open.ts";
import { dropRepository, finishDrop } from "../repository/drop.ts";
import { forgetSnapshots } from "../repository/forget.ts";
import { withLock } from "../repository/locks.ts";
import { prune } from "../repository/prune.ts";
import { openRepository, repositoryState } from "../repository/repository.ts";
import { listSnapshots } from "../repository/snapshots.ts";
import { failureOf, invalid } from "./failure.ts";
import type { ForgottenTarget } from "./forget.ts";
import { type Output, showPacks } from "./output.ts";
import { logInternal, type TaskContext } from "./task.ts";

type Chain = ForgetConfig["targets"][number]["chains"][number];

/** What one target gave, counted as it goes: what is gone is gone, should the next step fail. */
interface Tally {
  snapshotsRemoved: number;
  chainsDropped: number;
  /** Less than nothing where new packs were stored and the old ones could not be removed any more. */
  bytesFreed: number;
  /** Those whose snapshots are gone. */
  readonly chainsForgotten: string[];
}

/** Removes the snapshots that were decided on. A target that fails does not keep the others from being tidied. */
export async function forgetGiven(
  config: ForgetConfig,
  context: TaskContext,
  output: Output,
): Promise<ForgottenTarget[]> {
  const results: ForgottenTarget[] = [];
  for (const { name, chains } of config.targets) {
    const tally: Tally = { snapshotsRemoved: 0, chainsDropped: 0, bytesFreed: 0, chainsForgotten: [] };
    const notices: string[] = [];
    const onNotice = (notice: string): void => {
      notices.push(notice);
      output.notice(notice);
    };
    const counted = () => ({ ...tally, bytesFreed: Math.max(0, tally.bytesFreed) });
    try {
      for (const chain of chains) await forgetChain(chain, tally, { config, context, notice: onNotice, output });
      const { chainsForgotten: _, ...done } = counted();
      results.push({ target: name, state: "Good", ...(notices.length > 0 && { message: notices.join(" ") }), ...done });
    } catch (error) {
      const failure = failureOf(error);
      if (failure.reason === "InternalError") logInternal(error);
      const message = [failure.message, ...notices].join(" ");
      results.push({ target: name, state: "Failed", ...failure, message, ...counted() });
    }
  }
  return results;
}

async function forgetChain(
  { chain, repository: place, snapshots, dropWhenEmpty }: Chain,
  tally: Tally,
  { config, context, notice, output }: Work,
): Promise<void> {
  const { stores, signal } = context;
  signal.throwIfAborted();
  const location = await stores.open(place);
  if (await isMirror(location.storage)) {
    throw invalid(`${location.storage.description} is a mirror: it has no snapshots to forget, and is not dropped.`);
  }
  const onFreed = (bytes: number): void => {
    tally.bytesFreed += bytes;
  };
  // A removal that was interrupted is finished; where there is nothing, there is nothing to do.
  const state = dropWhenEmpty ? await repositoryState(location.storage) : "Ready";
  if (state !== "Ready") {
    tally.chainsForgotten.push(chain);
    if (state === "Initialising") await finishDrop(location.storage, onFreed);
    else if (snapshots.length > 0)
      notice(`There is nothing at ${location.storage.description}: nothing had to be removed of chain ${chain}.`);
    return;
  }
  const repository = await openRepository(location);
  await withLock(repository, { exclusive: true, identity: config.lock, onNotice: notice, signal }, async (lock) => {
    await forgetSnapshots({ repository, lock, snapshots, onRemoved: () => tally.snapshotsRemoved++ });
    tally.chainsForgotten.push(chain);
    const isEmpty = (await listSnapshots(repository)).length === 0;
    if (dropWhenEmpty && isEmpty) {
      await dropRepository({ repository, lock, onFreed });
      tally.chainsDropped++;
      return;
    }
    const { maxUnusedShare } = config;
    const share = maxUnusedShare !== undefined && { maxUnusedShare };
    await prune({ repository, lock, onProgress: showPacks(output), onFreed, ...share });
  });
}

interface Work {
  readonly config: ForgetConfig;
  readonly context: TaskContext;
  readonly notice: (text: string) => void;
  readonly output: Output;
}
