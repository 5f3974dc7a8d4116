import { Command, Option } from "commander";
import { isMirror } from "../mirror/open.ts";
import { type CheckReport, checkRepository } from "../repository/check.ts";
import type { ReadData } from "../repository/check-options.ts";
import { openRepository } from "../repository/repository.ts";
import { withSharedLock } from "../repository/shared-lock.ts";
import { checkMirrorAt } from "./check-mirror.ts";
import { addCommonOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { readDataFrom } from "./read-subset.ts";
import { type Report, runReported } from "./report.ts";
import { type CommonOptions, lockOf, required } from "./settings.ts";
import type { TaskContext } from "./task.ts";
import { count, formatBytes } from "./units.ts";

interface CheckFlags extends CommonOptions {
  readonly readData?: boolean;
  readonly readDataSubset?: string;
}

export function checkCommand(): Command {
  const command = new Command("check")
    .description("Find out whether a repository is whole")
    .option("--read-data", "read and verify every blob, too: as much traffic as a full restore")
    .addOption(
      new Option(
        "--read-data-subset <n/m>",
        "read and verify the n-th of m equal parts of the packs: m runs, from 1/m to m/m, cover everything",
      ).conflicts("readData"),
    );
  return addCommonOptions(command, { config: false }).action((flags: CheckFlags) =>
    runReported("check", flags, (context, output) => check(flags, context, output)),
  );
}

async function check(flags: CheckFlags, { signal, stores }: TaskContext, output: Output): Promise<Report> {
  const url = required(flags.repository, "--repository");
  const identity = lockOf(flags);
  const readData = readDataFrom(flags);
  const storage = await stores.openStorage({ url });
  if (await isMirror(storage)) return checkMirrorAt(storage, { signal, readData, identity }, output);
  const repository = await openRepository({ storage, password: stores.password({ url }) });
  const report = await withSharedLock(repository, { identity, onNotice: output.notice, signal }, (shared, lock) =>
    checkRepository({
      repository: shared,
      readData,
      onProgress: ({ phase, done, total }) => output.status(`${phase}: ${done}${total ? ` of ${total}` : ""}`),
      signal: lock.signal,
    }),
  );
  return {
    state: report.problems.length === 0 ? "Good" : "Failed",
    fields: { ...report, ...(typeof readData === "object" && { readDataSubset: readData }) },
    ...describe(report, readData),
  };
}

function describe(report: CheckReport, readData: ReadData): Pick<Report, "said" | "problems"> {
  const { problems, hints, affected, snapshots, packs, blobs, bytesRead } = report;
  const part = typeof readData === "object" ? ` (part ${readData.part} of ${readData.of})` : "";
  const parts = [
    count(snapshots, "snapshot"),
    count(packs, "pack"),
    count(blobs, "blob"),
    `${formatBytes(bytesRead)} read${part}`,
  ];
  const found = problems.length === 0 ? "No problems were found" : `${count(problems.length, "problem")} found`;
  return {
    said: [...hints, `${found}: ${parts.join(", ")}.`],
    problems: [
      ...problems,
      ...affected.map(({ snapshot, path }) => `Not whole in snapshot ${snapshot.slice(0, 8)}: ${path}`),
    ],
  };
}
