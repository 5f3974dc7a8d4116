import { statSync } from "node:fs";
import { resolve } from "node:path";
import { RepositoryError } from "../repository/errors.ts";
import { type Archive, archiveFolder, storeTree } from "./archive.ts";
import { collectFailures } from "./failures.ts";
import { countLeftOut } from "./left-out.ts";
import { machineOwnerNames, noOwnerNames } from "./owner-names.ts";
import { rootParents } from "./parents.ts";
import type { BackupPlan, BackupProgress, ReadResult } from "./plan.ts";
import { wrapInPath } from "./root.ts";
import { selectionBy } from "./selection.ts";
import type { TargetSession } from "./session.ts";
import { deviceNumbers, isFileSystemError, listNames } from "./source.ts";
import { sourcePaths } from "./source-paths.ts";

/** Throws `SourceUnreadable`. For before any repository is touched. */
export function checkSource(source: string): void {
  let isFolder: boolean;
  try {
    isFolder = statSync(source).isDirectory();
    if (isFolder) listNames(Buffer.from(source));
  } catch (cause) {
    throw sourceUnreadable(source, cause);
  }
  if (!isFolder) throw new RepositoryError("SourceUnreadable", `The source ${source} is not a folder.`);
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
  const selection = selectionBy(plan.config);
  const totals = { files: 0, folders: 0, bytes: 0, bytesRead: 0, entries: 0 };
  const archive: Archive = {
    sessions,
    patienceMilliseconds: plan.patienceMilliseconds,
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
    throw isFileSystemError(error) ? sourceUnreadable(source, error) : error;
  } finally {
    archive.paths.close();
  }
}
