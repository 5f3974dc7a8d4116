import { Command } from "commander";
import { entryFields, longLine } from "../browse/describe.ts";
import { list } from "../browse/list.ts";
import { shownPath } from "../browse/paths.ts";
import { safeJson, safeText } from "../browse/text.ts";
import { addReadingOptions, type Reading, type ReadingFlags, runReading, snapshotFor } from "./reading.ts";

interface LsFlags extends ReadingFlags {
  readonly long?: boolean;
  readonly recursive?: boolean;
}

export function lsCommand(): Command {
  const command = new Command("ls")
    .description("List what a snapshot holds: all of it, or what is directly in the given folders")
    .argument("<snapshot>", "the snapshot's id, the beginning of one, or latest")
    .argument("[path...]", "folders or files, as ls shows them, or counted from the backed-up folder")
    .option("-l, --long", "with permissions, owner, size and time (UTC)")
    .option("--recursive", "everything below the given folders")
    .option("--json", "JSON lines in restic's form: the snapshot, then each entry");
  return addReadingOptions(command).action((name: string, paths: readonly string[], flags: LsFlags) =>
    runReading(flags, (reading) => ls(reading, { name, paths, flags })),
  );
}

interface Wanted {
  readonly name: string;
  readonly paths: readonly string[];
  readonly flags: LsFlags;
}

async function ls(reading: Reading, { name, paths, flags }: Wanted): Promise<undefined> {
  const { output, signal } = reading;
  const snapshot = await snapshotFor(reading, name);
  const source = await reading.source();
  const entries = list({ source, snapshot, paths, recursive: flags.recursive ?? false, signal });
  if (flags.json) {
    const short_id = snapshot.id.slice(0, 8);
    await output.line(safeJson({ ...snapshot, short_id, message_type: "snapshot", struct_type: "snapshot" }));
    for await (const { node, path } of entries) {
      await output.line(safeJson({ ...entryFields(node, path), message_type: "node", struct_type: "node" }));
    }
    return;
  }
  const where = safeText(snapshot.paths.join(", "));
  const by = safeText(`${snapshot.username ?? ""}@${snapshot.hostname ?? ""}`);
  await output.line(`snapshot ${snapshot.id.slice(0, 8)} of ${where} at ${snapshot.time} by ${by}:`);
  for await (const { node, path } of entries) {
    await output.line(flags.long ? longLine(node, path) : shownPath(path));
  }
}
