import { closeSync, constants, ftruncateSync, openSync, unlinkSync, writeSync } from "node:fs";
import type { FailureReason } from "../mover/results.ts";
import type { TreeNode } from "../repository/types.ts";
import { causeOf } from "../system/cause.ts";
import { displayPath, type Folder, type Folders } from "../system/folders.ts";
import { applyMetadata } from "./metadata.ts";
import type { Outcome } from "./outcome.ts";
import { nonZeroParts } from "./zeros.ts";

/** A regular file on its way from the repository to the target. */
export interface PendingFile {
  readonly folder: Folder;
  readonly node: TreeNode;
  /** Bytes, by the lengths of its blobs. */
  readonly size: number;
  /** Blobs that are still to be written. */
  missing: number;
  state: "Planned" | "Created" | "Finished" | "Failed";
}

export interface FileWriter {
  /** Writes one blob of the file at its place; the last one finishes the file. */
  write(file: PendingFile, offset: number, data: Buffer): void;
  /** A file without content. */
  writeEmpty(file: PendingFile): void;
  /** The file cannot be completed: what there is of it is removed, so that it never passes for whole. */
  abandon(file: PendingFile, reason: FailureReason, message: string): void;
}

const create = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const reopen = constants.O_WRONLY | constants.O_NOFOLLOW;

/** Errors after which writing anything else is pointless; the restore as a whole ends with them. */
export const isFatal = (error: unknown): boolean =>
  ["ENOSPC", "EDQUOT", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? "");

interface Opened {
  readonly descriptor: number;
  readonly path: Buffer;
}

/** Writes files into opened folders. Errors of one file are its failure; a full target is thrown. */
export function fileWriter(folders: Folders, outcome: Outcome): FileWriter {
  const pathOf = (file: PendingFile) => folders.entry(file.folder, file.node.name);
  const displayOf = (file: PendingFile) => displayPath(file.folder, file.node.name);

  const finish = (file: PendingFile, { descriptor, path }: Opened) => {
    applyMetadata({ node: file.node, path, descriptor, display: () => displayOf(file) }, outcome);
    file.state = "Finished";
    outcome.files++;
  };

  const abandon = (file: PendingFile, reason: FailureReason, message: string) => {
    if (file.state === "Failed") return;
    const exists = file.state !== "Planned";
    file.state = "Failed";
    outcome.fail(displayOf(file), reason, message);
    if (!exists) return;
    try {
      unlinkSync(pathOf(file));
    } catch (error) {
      outcome.notice(`The unfinished ${displayOf(file)} could not be removed: ${causeOf(error)}`);
    }
  };

  const withFile = (file: PendingFile, action: (opened: Opened) => void) => {
    try {
      const isNew = file.state === "Planned";
      const path = pathOf(file);
      const descriptor = openSync(path, isNew ? create : reopen, 0o600);
      file.state = "Created";
      try {
        action({ descriptor, path });
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      if (isFatal(error)) throw error;
      abandon(file, "WriteErrors", `Could not write ${displayOf(file)}: ${causeOf(error)}`);
    }
  };

  return {
    write(file, offset, data) {
      if (file.state === "Failed") return;
      const isNew = file.state === "Planned";
      const parts = nonZeroParts(data, offset);
      const isLast = file.missing === 1;
      if (!isNew && !isLast && parts.length === 0) {
        file.missing--;
        return;
      }
      withFile(file, (opened) => {
        const { descriptor } = opened;
        // The full length first: what is never written then reads as zeros.
        const isWhole = data.length === file.size && parts.length === 1 && parts[0]?.end === data.length;
        if (isNew && !isWhole) ftruncateSync(descriptor, file.size);
        for (const { start, end } of parts) writeFully(descriptor, data, { start, end, position: offset + start });
        file.missing--;
        if (isLast) finish(file, opened);
      });
    },
    writeEmpty: (file) => withFile(file, (opened) => finish(file, opened)),
    abandon,
  };
}

function writeFully(
  descriptor: number,
  data: Buffer,
  part: { readonly start: number; readonly end: number; readonly position: number },
): void {
  for (let done = part.start; done < part.end; ) {
    done += writeSync(descriptor, data, done, part.end - done, part.position + done - part.start);
  }
}
