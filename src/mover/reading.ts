import { type Command, Option } from "commander";
import { safeLines } from "../browse/text.ts";
import { readingConfig } from "../contract/configs.ts";
import { exitCode } from "../contract/results.ts";
import type { Snapshot } from "../repository/types.ts";
import { exitCodeOf } from "./exit.ts";
import { failureOf } from "./failure.ts";
import { noticeOfIncomplete } from "./incomplete.ts";
import { openReadable, type Readable } from "./readable.ts";
import { type CommonOptions, lockOf, readSettings, required } from "./settings.ts";
import { ReaderGone, readerGoneCode, type StandardOutput, standardOutput } from "./stdout.ts";
import { logInternal, runTask } from "./task.ts";

/** Commands that look into a repository and write what they find to standard output; everything else goes to standard error. */

export interface ReadingFlags extends CommonOptions {
  readonly lock?: boolean;
}

export interface Reading extends Readable {
  readonly output: StandardOutput;
  readonly signal: AbortSignal;
  /** Something a person should know. */
  readonly notice: (text: string) => void;
}

/** Options that all of them have; to be added after a command's own. */
export const addReadingOptions = (command: Command): Command =>
  command
    .option("--repository <url>", "file:///absolute/folder or s3://bucket/prefix (endpoint, region and keys: AWS_*)")
    .addOption(
      new Option("--config <file>", "a JSON file that says where the repository is").conflicts([
        "repository",
        "waitForLock",
      ]),
    )
    .option("--wait-for-lock <seconds>", "how long to wait for others to leave the repository (default: 0)")
    .option("--no-lock", "write nothing to the store, as where the keys may only read: a prune could get in the way");

/** Runs a command to its end. It may return an exit code of its own; rejects with nothing. */
export const runReading = (
  flags: ReadingFlags,
  work: (reading: Reading) => Promise<number | undefined>,
): Promise<never> =>
  runTask(async ({ stores, signal }) => {
    const output = standardOutput(signal);
    const notice = (text: string) => console.error(safeLines(text));
    try {
      const config = flags.config === undefined ? undefined : readSettings(readingConfig, flags.config);
      const location = config?.repository ?? { url: required(flags.repository, "--repository") };
      const readable = await openReadable(location, stores);
      const read = (until: AbortSignal) => work({ ...readable, output, signal: until, notice });
      const identity = config?.lock ?? lockOf(flags);
      const code = await (flags.lock === false
        ? read(signal)
        : readable.lock({ exclusive: false, identity, onNotice: notice, signal }, (lock) => read(lock.signal)));
      await output.flush();
      return code ?? exitCode.done;
    } catch (error) {
      if (error instanceof ReaderGone) return readerGoneCode;
      const failure = failureOf(error);
      if (failure.reason === "InternalError") logInternal(error);
      if (!signal.aborted) await output.flush().catch(() => {});
      notice(failure.message);
      return exitCodeOf({ state: "Failed", reason: failure.reason });
    }
  });

/** The snapshot of a name; says so where it is known to lack something. */
export async function snapshotFor({ find, notice }: Reading, name: string): Promise<Snapshot> {
  const snapshot = await find(name);
  const incomplete = noticeOfIncomplete(snapshot, []);
  if (incomplete !== undefined) notice(incomplete);
  return snapshot;
}
