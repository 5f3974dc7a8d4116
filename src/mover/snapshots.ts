import { Command } from "commander";
import { isMirror, openMirror } from "../mirror/open.ts";
import { openRepository } from "../repository/repository.ts";
import { isIncomplete, listSnapshots } from "../repository/snapshots.ts";
import type { Snapshot } from "../repository/types.ts";
import { exitCode } from "./contract.ts";
import { exitCodeOf } from "./exit.ts";
import { failureOf } from "./failure.ts";
import { type CommonOptions, required } from "./settings.ts";
import { tableLines } from "./table.ts";
import { runTask, type TaskContext } from "./task.ts";
import { count } from "./units.ts";

export function snapshotsCommand(): Command {
  return new Command("snapshots")
    .description("List the snapshots of a repository, oldest first")
    .option("--repository <url>", "file:///absolute/folder or s3://bucket/prefix")
    .option("--json", "a JSON array, in restic's form")
    .action((flags: CommonOptions) => runTask((context) => snapshots(flags, context)));
}

/** Only lists, so it needs no lock. */
async function snapshots(flags: CommonOptions, { stores }: TaskContext): Promise<number> {
  try {
    const url = required(flags.repository, "--repository");
    const storage = await stores.openStorage({ url });
    const found = (await isMirror(storage))
      ? [(await openMirror(storage)).manifest]
      : await listSnapshots(await openRepository({ storage, password: stores.password({ url }) }));
    console.log(flags.json ? JSON.stringify(found.map(forJson)) : table(found));
    return exitCode.done;
  } catch (error) {
    const failure = failureOf(error);
    console.error(failure.message);
    return exitCodeOf({ state: "Failed", reason: failure.reason });
  }
}

const shortId = ({ id }: Snapshot): string => id.slice(0, 8);

const forJson = (snapshot: Snapshot) => ({ ...snapshot, short_id: shortId(snapshot) });

function table(snapshots: readonly Snapshot[]): string {
  const rows = snapshots.map((snapshot) => [
    shortId(snapshot),
    snapshot.time.replace("T", " ").replace(/\.\d+/, ""),
    snapshot.hostname ?? "",
    `${snapshot.paths.join(", ")}${isIncomplete(snapshot) ? " (incomplete)" : ""}`,
    (snapshot.tags ?? []).join(","),
  ]);
  const lines = tableLines([["ID", "Time", "Host", "Paths", "Tags"], ...rows]);
  return [...lines, count(snapshots.length, "snapshot")].join("\n");
}
