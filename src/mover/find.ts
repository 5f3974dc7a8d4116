import { Command } from "commander";
import { entryFields, longLine } from "../browse/describe.ts";
import { type Found, find } from "../browse/find.ts";
import { type FindQuestion, findFilter } from "../browse/find-filter.ts";
import { safeJson } from "../browse/text.ts";
import type { Id, Snapshot } from "../repository/types.ts";
import { collect } from "./options.ts";
import { addReadingOptions, type Reading, type ReadingFlags, runReading, snapshotFor } from "./reading.ts";

interface FindFlags extends ReadingFlags, Omit<FindQuestion, "patterns"> {
  readonly snapshot: readonly string[];
}

export function findCommand(): Command {
  const command = new Command("find")
    .description("Look for files and folders in all snapshots, and tell which snapshots have which version")
    .argument("<pattern...>", "globs: *.conf matches names, etc/*.conf and /data/** match paths")
    .option("-i, --ignore-case", "upper and lower case are the same")
    .option("--type <type>", "f(ile), d(ir), l (symlink), b, c (devices), p (fifo) or s(ocket)")
    .option("-O, --newer <time>", "modified at or after: 2026-11-24, 2026-11-24T08:00:00Z, or 36h or 30d ago")
    .option("-N, --older <time>", "modified at or before")
    .option("--larger <size>", "files of at least: 500, 10K, 1.5M, 2G")
    .option("--smaller <size>", "files of at most")
    .option("-s, --snapshot <id>", "only in this snapshot (repeatable)", collect, [])
    .option("--json", "a JSON array in restic's form: the matches of each snapshot");
  return addReadingOptions(command).action((patterns: readonly string[], flags: FindFlags) =>
    runReading(flags, (reading) => search(reading, patterns, flags)),
  );
}

async function search(reading: Reading, patterns: readonly string[], flags: FindFlags): Promise<undefined> {
  const { output, signal } = reading;
  const filter = findFilter({ ...flags, patterns }, Date.now());
  const snapshots = flags.snapshot.length > 0 ? await named(reading, flags.snapshot) : await reading.snapshots();
  const found = find({ source: await reading.source(), snapshots, filter, signal });
  if (flags.json) {
    await output.line(safeJson(await bySnapshot(found, snapshots)));
    return;
  }
  for await (const each of found) await output.line(`${where(each.snapshots)}  ${longLine(each.node, each.path)}`);
}

async function named(reading: Reading, names: readonly string[]): Promise<Snapshot[]> {
  const ids = new Set<Id>();
  for (const name of names) ids.add((await snapshotFor(reading, name)).id);
  return (await reading.snapshots()).filter(({ id }) => ids.has(id));
}

/** `b64e6e1a` or `b64e6e1a..ee5bfea6 (7 snapshots)`, in one width. */
function where(snapshots: readonly Snapshot[]): string {
  const [first = "", last = ""] = [snapshots.at(0), snapshots.at(-1)].map((snapshot) => snapshot?.id.slice(0, 8));
  return snapshots.length === 1 ? first : `${first}..${last} (${snapshots.length} snapshots)`;
}

async function bySnapshot(found: AsyncIterable<Found>, snapshots: readonly Snapshot[]): Promise<object[]> {
  const matches = new Map<Id, object[]>();
  for await (const { node, path, snapshots: held } of found) {
    const { name: _, ...fields } = entryFields(node, path);
    const links = node.links > 0 ? { links: node.links } : {};
    const target = node.linkTarget ? { linktarget: node.linkTarget.toString() } : {};
    for (const { id } of held) {
      const list = matches.get(id) ?? [];
      matches.set(id, list);
      list.push({ ...fields, ...links, ...target });
    }
  }
  return snapshots.flatMap(({ id }) => {
    const list = matches.get(id);
    return list ? [{ matches: list, hits: list.length, snapshot: id }] : [];
  });
}
