import { Command } from "commander";
import { type Difference, diff, type Side } from "../browse/diff.ts";
import { shownPath } from "../browse/paths.ts";
import { safeJson } from "../browse/text.ts";
import { addReadingOptions, type Reading, type ReadingFlags, runReading, snapshotFor } from "./reading.ts";
import { formatBytes } from "./units.ts";

interface DiffFlags extends ReadingFlags {
  readonly metadata?: boolean;
}

export function diffCommand(): Command {
  const command = new Command("diff")
    .description("Tell what changed between two snapshots: + new, - removed, M other content, T another type")
    .argument("<snapshot>", "the earlier one: its id, or the beginning of it")
    .argument("<other>", "the later one; or latest")
    .option("--metadata", "tell of changed owners, modes, times and so on, too: U")
    .option("--json", "JSON lines in restic's form: the changes, then the sums");
  return addReadingOptions(command).action((before: string, after: string, flags: DiffFlags) =>
    runReading(flags, (reading) => compare(reading, { before, after, flags })),
  );
}

interface Wanted {
  readonly before: string;
  readonly after: string;
  readonly flags: DiffFlags;
}

async function compare(reading: Reading, { before, after, flags }: Wanted): Promise<undefined> {
  const { output, signal } = reading;
  const [source, target] = [await snapshotFor(reading, before), await snapshotFor(reading, after)];
  const ids = { source_snapshot: source.id.slice(0, 8), target_snapshot: target.id.slice(0, 8) };
  const repository = await reading.index();
  if (!flags.json) await output.line(`comparing snapshot ${ids.source_snapshot} to ${ids.target_snapshot}:\n`);
  const difference = await diff({
    repository,
    before: source.tree,
    after: target.tree,
    metadata: flags.metadata ?? false,
    signal,
    onChange: ({ modifier, path }) =>
      output.line(
        flags.json
          ? safeJson({ message_type: "change", path: path.toString(), modifier })
          : `${modifier.padEnd(5)}${shownPath(path)}`,
      ),
  });
  if (flags.json) await output.line(safeJson({ message_type: "statistics", ...ids, ...difference }));
  else for (const line of sums(difference)) await output.line(line);
}

function sums({ added, removed, changed_files }: Difference): string[] {
  const row = (name: string, key: keyof Side, changed = "") => {
    const [plus, minus] = [added[key], removed[key]].map((number) => String(number).padStart(6));
    return `${`${name}:`.padEnd(12)}${plus} new, ${minus} removed${changed}`;
  };
  return [
    "",
    row("Files", "files", `, ${String(changed_files).padStart(6)} changed`),
    row("Dirs", "dirs"),
    row("Others", "others"),
    row("Data Blobs", "data_blobs"),
    row("Tree Blobs", "tree_blobs"),
    `  Added:   ${formatBytes(added.bytes)}`,
    `  Removed: ${formatBytes(removed.bytes)}`,
  ];
}
