import { Command, Option } from "commander";
import { runBackup } from "../backup/run.ts";
import { backupConfig } from "../contract/configs.ts";
import type { BackupResult, LeftOut } from "../contract/results.ts";
import { type SnapshotType, snapshotTypes } from "../contract/snapshot-type.ts";
import { runMirror } from "../mirror/run.ts";
import { exitCodeOf } from "./exit.ts";
import { failureOf, invalid } from "./failure.ts";
import { addCommonOptions, collect } from "./options.ts";
import { createOutput } from "./output.ts";
import { type CommonOptions, lockOf, required, settingsFor } from "./settings.ts";
import { logInternal, runTask, secondsSince, type TaskContext } from "./task.ts";
import { count, formatBytes, formatNumber, parseSize } from "./units.ts";
import { wholeNumber } from "./whole-number.ts";

interface BackupFlags extends CommonOptions {
  readonly source?: string;
  readonly type: SnapshotType | "Mirror";
  readonly unencrypted?: boolean;
  readonly maximumChange?: string;
  readonly acknowledge: readonly string[];
  readonly exclude: readonly string[];
  readonly excludeCaches?: boolean;
  readonly excludeIfPresent: readonly string[];
  readonly excludeLargerThan?: string;
  readonly include: readonly string[];
  readonly tag: readonly string[];
}

export function backupCommand(): Command {
  const command = new Command("backup")
    .description("Back a folder up into one or more repositories, in one read")
    .option("--source <dir>", "the folder to back up")
    .addOption(
      new Option(
        "--type <type>",
        "Full needs an empty repository; Incremental adds to the newest snapshot; Differential depends on the Full and itself only; both begin with a Full where there is nothing; Mirror keeps one plain copy",
      )
        .choices([...snapshotTypes, "Mirror"])
        .default("Incremental"),
    )
    .option("--exclude <glob>", "leave these paths out (repeatable)", collect, [])
    .option("--exclude-caches", "leave out what lies beside a CACHEDIR.TAG with its signature")
    .option(
      "--exclude-if-present <name[:beginning]>",
      "leave out what lies beside such a file (repeatable)",
      collect,
      [],
    )
    .option("--exclude-larger-than <size>", "leave out longer files: a number with K, M, G or T, by 1024")
    .option("--include <glob>", "take these paths only (repeatable)", collect, [])
    .option("--tag <tag>", "mark the snapshot (repeatable)", collect, [])
    .option("--unencrypted", "for a Mirror: yes, its files shall lie in the store as they are")
    .option("--maximum-change <percent>", "for a Mirror: how much of it one run may delete or overwrite (50)")
    .option(
      "--acknowledge <token>",
      "for a Mirror: let the change pass that was stopped with this token (repeatable)",
      collect,
      [],
    );
  return addCommonOptions(command).action((flags: BackupFlags) => runTask((context) => backup(flags, context)));
}

async function backup(flags: BackupFlags, { signal, stores, started }: TaskContext): Promise<number> {
  const output = createOutput({ json: flags.json ?? false });
  let result: BackupResult;
  try {
    const config = settingsFor(backupConfig, flags, () => configFrom(flags));
    const common = { config, onProgress: output.progress, signal };
    result = config.mirror
      ? await runMirror({ ...common, settings: config.mirror, openStorage: stores.openStorage })
      : await runBackup({ ...common, open: stores.open });
  } catch (error) {
    const failure = failureOf(error);
    if (failure.reason === "InternalError") logInternal(error);
    result = failed(failure, started);
  }
  output.result(result, describe(result));
  return exitCodeOf(result);
}

const configFrom = (flags: BackupFlags) => ({
  source: required(flags.source, "--source"),
  ...mirrorFrom(flags),
  tags: [...flags.tag],
  excludes: [...flags.exclude],
  excludeCaches: flags.excludeCaches,
  excludeIfPresent: [...flags.excludeIfPresent],
  excludeLargerThan: flags.excludeLargerThan === undefined ? undefined : parseSize(flags.excludeLargerThan),
  includes: [...flags.include],
  targets: [
    {
      name: "repository",
      repository: { url: required(flags.repository, "--repository") },
      expect: flags.type === "Full" ? ("Absent" as const) : ("Any" as const),
    },
  ],
  lock: lockOf(flags),
});

function mirrorFrom({ type, unencrypted, maximumChange, acknowledge }: BackupFlags) {
  if (type !== "Mirror") {
    const isMeant = unencrypted || maximumChange !== undefined || acknowledge.length > 0;
    if (isMeant) throw invalid("--unencrypted, --maximum-change and --acknowledge are for --type Mirror.");
    return { type };
  }
  if (!unencrypted) {
    throw invalid("A Mirror lies in the store as plain files: say --unencrypted if that is what you want.");
  }
  return {
    mirror: {
      unencrypted: true as const,
      ...(maximumChange !== undefined && { maximumChange: percentFrom(maximumChange) }),
      acknowledge: [...acknowledge],
    },
  };
}

/** Whether it is too much, the configuration's schema knows. */
const percentFrom = (value: string): number => wholeNumber("--maximum-change", value, { unit: "percent", example: 50 });

const failed = (failure: Pick<BackupResult, "reason" | "message">, started: number): BackupResult => ({
  kind: "backup",
  state: "Failed",
  ...failure,
  files: 0,
  directories: 0,
  bytes: 0,
  bytesRead: 0,
  errors: 0,
  failedPaths: [],
  durationSeconds: secondsSince(started),
  targets: [],
});

function describe(result: BackupResult): string {
  const { state, message, failedPaths, errors, files, directories, bytes, leftOut, durationSeconds, targets } = result;
  const read = `${count(files, "file")} in ${count(directories, "folder")}, ${formatBytes(bytes)}`;
  return [
    state === "Failed" && targets.length === 0
      ? `The backup failed: ${message}`
      : `${state}: ${read}, in ${durationSeconds} s.`,
    ...(targets.length > 0 && message ? [message] : []),
    ...targets.flatMap((target) =>
      target.snapshot
        ? [
            `${target.target}: ${target.state}, ${target.type} snapshot ${target.snapshot.slice(0, 8)}, ${formatBytes(target.bytesStored ?? 0)} stored`,
            ...(target.state === "Good" && target.message ? [target.message] : []),
          ]
        : [`${target.target}: ${target.state}, ${target.message ?? target.reason}`],
    ),
    ...(leftOut && leftOut.entries > 0 ? describeLeftOut(leftOut) : []),
    ...(errors > 0 ? [`${count(errors, "path")} could not be read:`, ...failedPaths.map((path) => `  ${path}`)] : []),
  ].join("\n");
}

function describeLeftOut({ entries, bytes, rules }: LeftOut): readonly string[] {
  const told = (numbers: { readonly entries: number; readonly bytes: number }) =>
    `${formatNumber(numbers.entries)} ${numbers.entries === 1 ? "entry" : "entries"} (files of ${formatBytes(numbers.bytes)})`;
  return [
    `Left out: ${told({ entries, bytes })}, a folder counting as one:`,
    ...rules.map((rule) => `  ${rule.rule}: ${told(rule)}`),
  ];
}
