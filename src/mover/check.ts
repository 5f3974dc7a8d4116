import { Command } from "commander";
import { type CheckReport, checkRepository } from "../repository/check.ts";
import { withLock } from "../repository/locks.ts";
import { openRepository } from "../repository/repository.ts";
import { exitCode } from "./contract.ts";
import { exitCodeOf } from "./exit.ts";
import { failureOf } from "./failure.ts";
import { addCommonOptions } from "./options.ts";
import { createOutput } from "./output.ts";
import { type CommonOptions, lockOf, required } from "./settings.ts";
import { logInternal, runTask, type TaskContext } from "./task.ts";
import { count, formatBytes } from "./units.ts";

interface CheckFlags extends CommonOptions {
  readonly readData?: boolean;
}

export function checkCommand(): Command {
  const command = new Command("check")
    .description("Find out whether a repository is whole")
    .option("--read-data", "read and verify every blob, too: as much traffic as a full restore");
  return addCommonOptions(command, { config: false }).action((flags: CheckFlags) =>
    runTask((context) => check(flags, context)),
  );
}

async function check(flags: CheckFlags, { signal, stores }: TaskContext): Promise<number> {
  const output = createOutput({ json: flags.json ?? false });
  try {
    const url = required(flags.repository, "--repository");
    const identity = lockOf(flags);
    const repository = await openRepository(await stores.open({ url }));
    const lockOptions = { exclusive: false, identity, onNotice: output.notice, signal };
    const report = await withLock(repository, lockOptions, (lock) =>
      checkRepository({
        repository,
        ...(flags.readData && { readData: true as const }),
        onProgress: ({ phase, done, total }) => output.status(`${phase}: ${done}${total ? ` of ${total}` : ""}`),
        signal: lock.signal,
      }),
    );
    const isGood = report.problems.length === 0;
    const state = isGood ? "Good" : "Failed";
    output.end();
    if (flags.json) console.log(JSON.stringify({ kind: "check", state, ...report }));
    else describe(report);
    return isGood ? exitCode.done : exitCode.failed;
  } catch (error) {
    const failure = failureOf(error);
    if (failure.reason === "InternalError") logInternal(error);
    output.end();
    if (flags.json) console.log(JSON.stringify({ kind: "check", state: "Failed", ...failure }));
    else console.error(failure.message);
    return exitCodeOf({ state: "Failed", reason: failure.reason });
  }
}

function describe({ problems, hints, affected, snapshots, packs, blobs, bytesRead }: CheckReport): void {
  for (const hint of hints) console.log(hint);
  for (const problem of problems) console.error(problem);
  for (const { snapshot, path } of affected) console.error(`Not whole in snapshot ${snapshot.slice(0, 8)}: ${path}`);
  const parts = [
    count(snapshots, "snapshot"),
    count(packs, "pack"),
    count(blobs, "blob"),
    `${formatBytes(bytesRead)} read`,
  ];
  const found = problems.length === 0 ? "No problems were found" : `${count(problems.length, "problem")} found`;
  console.log(`${found}: ${parts.join(", ")}.`);
}
