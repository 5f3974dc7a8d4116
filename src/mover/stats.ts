import { Command } from "commander";
import type { Stats } from "../browse/stats.ts";
import { safeJson, safeText } from "../browse/text.ts";
import type { MirrorStats } from "../mirror/stats.ts";
import type { Snapshot } from "../repository/types.ts";
import { addReadingOptions, type Reading, type ReadingFlags, runReading, snapshotFor } from "./reading.ts";
import { tableLines } from "./table.ts";
import { count, formatBytes, formatNumber } from "./units.ts";

export function statsCommand(): Command {
  const command = new Command("stats")
    .description("Tell how large snapshots are: restored, in the store, and each by itself")
    .argument("[snapshot...]", "only these: ids, beginnings of them, or latest")
    .option("--json", "JSON with restic's names: those of its mode raw-data are in raw_data");
  return addReadingOptions(command).action((names: readonly string[], flags: ReadingFlags) =>
    runReading(flags, (reading) => stats(reading, names, flags)),
  );
}

async function stats(reading: Reading, names: readonly string[], flags: ReadingFlags): Promise<undefined> {
  const { output, signal } = reading;
  const snapshots = names.length === 0 ? await reading.snapshots() : await named(reading, names);
  const found = await reading.stats(snapshots, signal);
  if (flags.json) await output.line(safeJson(found));
  else for (const line of "objects" in found ? describeMirror(found) : describe(found)) await output.line(line);
}

/** Each once, oldest first. */
async function named(reading: Reading, names: readonly string[]): Promise<Snapshot[]> {
  const found = new Map<string, Snapshot>();
  for (const name of names) {
    const snapshot = await snapshotFor(reading, name);
    found.set(snapshot.id, snapshot);
  }
  return [...found.values()];
}

function describe({ snapshots, raw_data: raw, total_size, total_file_count }: Stats): string[] {
  const rows = snapshots.map(({ id, time, ...each }) => [
    id.slice(0, 8),
    shownTime(time),
    formatBytes(each.total_size),
    formatNumber(each.total_file_count),
    formatBytes(each.unique_size),
    each.type ?? "",
    each.written_size === undefined ? "" : formatBytes(each.written_size),
  ]);
  const saved = `${formatBytes(raw.total_uncompressed_size)} before compression, which saves ${raw.compression_space_saving.toFixed(1)} %`;
  return [
    ...tableLines([["ID", "Time", "Restored", "Entries", "Only in this one", "Type", "Written by its run"], ...rows]),
    "",
    `${count(snapshots.length, "snapshot")}: restored ${formatBytes(total_size)} in ${formatNumber(total_file_count)} entries`,
    `in the store: ${formatBytes(raw.total_size)} in ${count(raw.total_blob_count, "blob")} (${saved})`,
    `  used by several: ${formatBytes(raw.shared_size)} in ${count(raw.shared_blob_count, "blob")}`,
    ...(raw.copies_size > 0
      ? [`  further copies, which keep differentials apart: ${formatBytes(raw.copies_size)}`]
      : []),
    ...(raw.unowned_size > 0 ? [`  written by runs that are not known: ${formatBytes(raw.unowned_size)}`] : []),
    ...(raw.unused_size > 0 ? [`  used by none of these: ${formatBytes(raw.unused_size)}`] : []),
  ];
}

function describeMirror({ snapshots: [{ id, time }], objects, total_size, total_file_count }: MirrorStats): string[] {
  return [
    `mirror ${id.slice(0, 8)} of ${shownTime(time)}: restored ${formatBytes(total_size)} in ${formatNumber(total_file_count)} entries`,
    `in the store: ${formatBytes(objects.total_size)} in ${count(objects.total_count, "object")}`,
    `  beside the files, for owners, modes, times and so on: ${formatBytes(objects.own_size)} in ${count(objects.own_count, "object")}`,
  ];
}

const shownTime = (time: string): string => safeText(time.replace("T", " ").replace(/\.\d+/, ""));
