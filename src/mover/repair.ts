import { Command } from "commander";
import { withLock } from "../repository/locks.ts";
import { type RepairIndexReport, repairIndex } from "../repository/repair-index.ts";
import { openRepository } from "../repository/repository.ts";
import { addCommonOptions } from "./options.ts";
import { type Output, showPacks } from "./output.ts";
import { type Report, runReported } from "./report.ts";
import { repositoryOnly } from "./repository-only.ts";
import { type CommonOptions, lockOf, required } from "./settings.ts";
import type { TaskContext } from "./task.ts";
import { count } from "./units.ts";

export function repairCommand(): Command {
  const index = new Command("index").description("Make a lost or damaged index anew from the headers of the packs");
  return new Command("repair")
    .description("Mend what can be mended without losing anything")
    .showHelpAfterError()
    .addCommand(
      addCommonOptions(index, { config: false }).action((flags: CommonOptions) =>
        runReported("repair-index", flags, (context, output) => repair(flags, context, output)),
      ),
    );
}

async function repair(flags: CommonOptions, { signal, stores }: TaskContext, output: Output): Promise<Report> {
  const url = required(flags.repository, "--repository");
  const identity = lockOf(flags);
  const repository = await openRepository(await repositoryOnly(stores, url));
  const options = { exclusive: true, identity, onNotice: output.notice, signal };
  const report = await withLock(repository, options, (lock) =>
    repairIndex({ repository, lock, onProgress: showPacks(output) }),
  );
  const isWhole = report.damagedPacks.length === 0 && report.missingPacks.length === 0;
  return { state: isWhole ? "Good" : "Incomplete", fields: report, ...describeRepair(report, isWhole) };
}

export function describeRepair(report: RepairIndexReport, isWhole: boolean): Pick<Report, "said" | "problems"> {
  const { packs, blobs, indexesRemoved, damagedIndexes, damagedPacks, missingPacks } = report;
  const { packsWithoutOwner, differentials, unreadSnapshots } = report;
  const damaged = damagedIndexes.length > 0 ? `, ${damagedIndexes.length} of them damaged` : "";
  const unread =
    unreadSnapshots > 0
      ? ` that could be read, and any among ${count(unreadSnapshots, "snapshot")} that could not,`
      : ",";
  const made = `The index was made anew: ${count(packs, "pack")}, ${count(blobs, "blob")}; in the place of ${count(indexesRemoved, "index file")}${damaged}.`;
  return {
    said: [
      made,
      ...(packsWithoutOwner > 0 && differentials + unreadSnapshots > 0
        ? [
            `No old index told which run wrote ${count(packsWithoutOwner, "pack")}: of the ${count(differentials, "Differential")}${unread} those that need them are not independent any more, as far as anybody knows; check names them.`,
          ]
        : []),
      ...(isWhole ? [] : ["Run check: it names the snapshots and files that this touches."]),
    ],
    problems: [
      ...damagedPacks.map(({ pack, blobsKept }) =>
        blobsKept > 0
          ? `pack ${pack} is damaged: ${count(blobsKept, "blob")} of it could be read and stay in the index`
          : `pack ${pack} is damaged, and left out of the index`,
      ),
      ...missingPacks.map((pack) => `pack ${pack} is missing: the old index named it`),
    ],
  };
}
