import { Command } from "commander";
import { safeJson, safeText } from "../browse/text.ts";
import { isIncomplete } from "../repository/snapshots.ts";
import type { Snapshot } from "../repository/types.ts";
import { runReading } from "./reading.ts";
import type { CommonOptions } from "./settings.ts";
import { tableLines } from "./table.ts";
import { count } from "./units.ts";

/** Only lists, so it needs no lock. */
export function snapshotsCommand(): Command {
  return new Command("snapshots")
    .description("List the snapshots of a repository, oldest first")
    .option("--repository <url>", "file:///absolute/folder or s3://bucket/prefix")
    .option("--json", "a JSON array, in restic's form")
    .action((flags: CommonOptions) =>
      runReading({ ...flags, lock: false }, async ({ snapshots, output }) => {
        const found = await snapshots();
        await output.line(flags.json ? safeJson(found.map(forJson)) : table(found));
        return undefined;
      }),
    );
}

const shortId = ({ id }: Snapshot): string => id.slice(0, 8);

const forJson = (snapshot: Snapshot) => ({ ...snapshot, short_id: shortId(snapshot) });

function table(snapshots: readonly Snapshot[]): string {
  const rows = snapshots.map((snapshot) =>
    [
      shortId(snapshot),
      snapshot.time.replace("T", " ").replace(/\.\d+/, ""),
      snapshot.hostname ?? "",
      `${snapshot.paths.join(", ")}${isIncomplete(snapshot) ? " (incomplete)" : ""}`,
      (snapshot.tags ?? []).join(","),
    ].map(safeText),
  );
  const lines = tableLines([["ID", "Time", "Host", "Paths", "Tags"], ...rows]);
  return [...lines, count(snapshots.length, "snapshot")].join("\n");
}
