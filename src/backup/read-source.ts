import { closeSync, openSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { RepositoryError } from "../repository/errors.ts";
import { isOfDevice } from "../repository/volume-image.ts";
import { type Archive, archiveFolder, storeTree } from "./archive.ts";
import { collectFailures } from "./failures.ts";
import { countLeftOut } from "./left-out.ts";
import { machineOwnerNames, noOwnerNames } from "./owner-names.ts";
import { rootParents } from "./parents.ts";
import type { BackupPlan, BackupProgress, ReadResult } from "./plan.ts";
import { readDevice } from "./read-device.ts";
import { wrapInPath } from "./root.ts";
import { selectionBy } from "./selection.ts";
import type { TargetSession } from "./session.ts";
import { deviceNumbers, isFileSystemError, isOfSource, listNames } from "./source.ts";
import { sourcePaths } from "./source-paths.ts";

export type SourceKind = "Folder" | "Device";

/** What the source is. Throws `SourceUnreadable`. For before any repository is touched. */
export function checkSource({ source, ...rules }: BackupPlan["config"]): SourceKind {
  let kind: SourceKind | undefined;
  try {
    const stat = statSync(source);
    if (stat.isDirectory()) {
      kind = "Folder";
      listNames(Buffer.from(source));
    } else if (stat.isBlockDevice()) {
      kind = "Device";
      closeSync(openSync(source, "r"));
    }
  } catch (cause) {
    throw sourceUnreadable(source, cause);
  }
  if (!kind) {
    const message = `The source ${source} is neither a folder nor a block device: back up the folder that it lies in.`;
    throw new RepositoryError("SourceUnreadable", message);
  }
  if (selectionBy(rules).rules.length > 0 && kind === "Device") {
    const message = `${source} is a block device, of which nothing can be left out: leave out the excludes and includes.`;
    throw new RepositoryError("InvalidConfiguration", message);
  }
  return kind;
}

export const sourceUnreadable = (source: string, cause: unknown): RepositoryError =>
  new RepositoryError(
    "SourceUnreadable",
    `The source ${source} cannot be read: ${cause instanceof Error ? cause.message : cause}.`,
    { cause },
  );

/** Reads the source once, and stores in every session what it lacks of it. */
export async function readSource(
  plan: BackupPlan,
  sessions: readonly TargetSession[],
  onProgress: (progress: BackupProgress) => void,
): Promise<ReadResult> {
  for (const session of sessions) session.begin();
  const { source } = plan.config;
  if (isOfDevice(plan)) {
    return readDevice(plan, sessions, onProgress).catch((error) => {
      throw isFileSystemError(error) ? sourceUnreadable(source, error) : error;
    });
  }
  const selection = selectionBy(plan.config);
  const totals = { files: 0, folders: 0, bytes: 0, bytesRead: 0, entries: 0 };
  const archive: Archive = {
    sessions,
    patienceMilliseconds: plan.patienceMilliseconds,
    packing: plan.packing,
    selection,
    leftOut: countLeftOut(),
    failures: collectFailures(),
    signal: plan.signal,
    paths: sourcePaths(source),
    deviceNumber: deviceNumbers(),
    ownerNames: resolve(source) === plan.path ? machineOwnerNames() : noOwnerNames,
    hardLinks: new Map(),
    totals,
    onProgress: (bytesOfFile) =>
      onProgress({ phase: "backup", bytesDone: totals.bytes + bytesOfFile, filesDone: totals.files }),
  };
  try {
    const parents = await rootParents(sessions, plan.path);
    const { root: part, rules } = selection;
    const tree = await archiveFolder(archive, { place: archive.paths.root, relative: "", parents, part });
    const root = await wrapInPath({ archive, source, path: plan.path, tree: tree ?? (await storeTree(archive, [])) });
    const leftOut = rules.length > 0 ? archive.leftOut.total() : undefined;
    return {
      tree: root,
      totals,
      failures: archive.failures,
      leftOut,
      isAllLeftOut: archive.leftOut.isEverything(totals.entries),
    };
  } catch (error) {
    throw isOfSource(error) ? sourceUnreadable(source, error) : error;
  } finally {
    archive.paths.close();
  }
}
