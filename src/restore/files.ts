import { closeSync, constants, ftruncateSync, open, openSync, unlinkSync } from "node:fs";
import type { FailureReason } from "../contract/results.ts";
import type { TreeNode } from "../repository/types.ts";
import { causeOf } from "../system/cause.ts";
import type { Folder, Folders, HeldPath } from "../system/folders.ts";
import { displayPath } from "./display-path.ts";
import { applyMetadata } from "./metadata.ts";
import type { Outcome } from "./outcome.ts";
import { writeData } from "./write-data.ts";
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
  /** It is being made ahead: to be waited for before anything else is done with it. */
  beingMade?: Promise<void> | undefined;
  /** It was made ahead, and is empty. */
  madeAs?: number | undefined;
  /** It is open for others to write to, so many of them. */
  lent?: { readonly descriptor: number; times: number } | undefined;
}

export interface FileWriter {
  /** Begins to make a file that comes next, where making files takes long: several are then made at a time. */
  makeAhead?(file: PendingFile): void;
  /** Writes one blob of the file at its place; the last one finishes the file. */
  write(file: PendingFile, offset: number, data: Buffer): void;
  /** A file without content. */
  writeEmpty(file: PendingFile): void;
  /** The file cannot be completed: what there is of it is removed, so that it never passes for whole. */
  abandon(file: PendingFile, reason: FailureReason, message: string): void;
}

/** One whose files others may write to as well. */
export interface LendingFileWriter extends FileWriter {
  /**
   * A descriptor of the file for others to write blobs to, in whatever thread, until `takeBack` is called as often as this. Undefined
   * where it is not to be had, which is then the file's failure.
   */
  lend(file: PendingFile): number | undefined;
  /** So many more blobs of the file were written; the last one finishes it. */
  takeBack(file: PendingFile, written: number): void;
  /** Writing to the file failed: that is its failure, or that of everything where the target is full. */
  fail(file: PendingFile, error: unknown): void;
}

const create = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const reopen = constants.O_WRONLY | constants.O_NOFOLLOW;

/** Errors after which writing anything else is pointless; the restore as a whole ends with them. */
export const isFatal = (error: unknown): boolean =>
  ["ENOSPC", "EDQUOT", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? "");

/** On a local disk it takes a tenth of that. */
const slowCreation = 0.15;
/** Files that are made and not yet written, each with a descriptor. */
const mostAhead = 64;
/** What the last one counts in the average. */
const newestShare = 1 / 16;

interface Opened {
  readonly descriptor: number;
  readonly path: Buffer;
}

/**
 * Writes files into opened folders. Errors of one file are its failure; a full target is thrown. `slowMilliseconds` is what making a file
 * takes on average, at least, where it is worth while to make several at a time.
 */
export function fileWriter(folders: Folders, outcome: Outcome, slowMilliseconds = slowCreation): LendingFileWriter {
  let creationMilliseconds = 0;
  let ahead = 0;
  const pathOf = (file: PendingFile) => folders.entry(file.folder, file.node.name);
  const displayOf = (file: PendingFile) => displayPath(file.folder, file.node.name);

  const setMetadata = (file: PendingFile, { descriptor, path }: Opened) =>
    applyMetadata({ node: file.node, path, descriptor, display: () => displayOf(file) }, outcome);

  /** Only when it is closed: network file systems tell then whether it was written. */
  const finish = (file: PendingFile) => {
    file.state = "Finished";
    outcome.files++;
  };

  /** The descriptor of a file that was made ahead: whoever takes it closes it. */
  const takeMade = (file: PendingFile): number | undefined => {
    const { madeAs } = file;
    if (madeAs !== undefined) ahead--;
    file.madeAs = undefined;
    return madeAs;
  };

  const abandon = (file: PendingFile, reason: FailureReason, message: string) => {
    if (file.state === "Failed") return;
    const exists = file.state !== "Planned";
    if (file.state === "Finished") outcome.files--;
    file.state = "Failed";
    const descriptor = takeMade(file);
    if (descriptor !== undefined) closeSync(descriptor);
    outcome.fail(displayOf(file), reason, message);
    if (!exists) return;
    try {
      unlinkSync(pathOf(file));
    } catch (error) {
      outcome.notice(`The unfinished ${displayOf(file)} could not be removed: ${causeOf(error)}`);
    }
  };

  /** Undefined where its folder is not to be had: writing the file tells why. */
  const hold = (file: PendingFile): HeldPath | undefined => {
    try {
      return folders.hold(file.folder, file.node.name);
    } catch {
      return undefined;
    }
  };

  const make = (path: Buffer): number => {
    const started = performance.now();
    const descriptor = openSync(path, create, 0o600);
    creationMilliseconds += (performance.now() - started - creationMilliseconds) * newestShare;
    return descriptor;
  };

  const openFile = (file: PendingFile): Opened => {
    const path = pathOf(file);
    const descriptor = takeMade(file) ?? (file.state === "Planned" ? make(path) : openSync(path, reopen));
    file.state = "Created";
    return { descriptor, path };
  };

  const fail = (file: PendingFile, error: unknown) => {
    if (isFatal(error)) throw error;
    abandon(file, "WriteErrors", `Could not write ${displayOf(file)}: ${causeOf(error)}`);
  };

  const isUntouched = (file: PendingFile): boolean => file.state === "Planned" || file.madeAs !== undefined;

  /** `action` says whether the file is whole then. */
  const withFile = (file: PendingFile, action: (opened: Opened) => boolean) => {
    try {
      const opened = openFile(file);
      let isWhole = false;
      try {
        isWhole = action(opened);
        if (isWhole) setMetadata(file, opened);
      } finally {
        closeSync(opened.descriptor);
      }
      if (isWhole) finish(file);
    } catch (error) {
      fail(file, error);
    }
  };

  return {
    makeAhead(file) {
      if (file.state !== "Planned" || file.beingMade || ahead >= mostAhead || creationMilliseconds < slowMilliseconds)
        return;
      const held = hold(file);
      if (!held) return;
      ahead++;
      const making = Promise.withResolvers<void>();
      file.beingMade = making.promise;
      open(held.path, create, 0o600, (error, descriptor) => {
        held.release();
        file.beingMade = undefined;
        // Where it cannot be made, it is tried again when it is written, and the error is told then.
        if (error) ahead--;
        else {
          file.state = "Created";
          file.madeAs = descriptor;
        }
        making.resolve();
      });
    },
    write(file, offset, data) {
      if (file.state === "Failed") return;
      const isNew = isUntouched(file);
      const parts = nonZeroParts(data, offset);
      const isLast = file.missing === 1;
      if (!isNew && !isLast && parts.length === 0) {
        file.missing--;
        return;
      }
      withFile(file, ({ descriptor }) => {
        // The full length first: what is never written then reads as zeros.
        const isWhole = data.length === file.size && parts.length === 1 && parts[0]?.end === data.length;
        if (isNew && !isWhole) ftruncateSync(descriptor, file.size);
        writeData(descriptor, data, offset, parts);
        file.missing--;
        return isLast;
      });
    },
    lend(file) {
      if (file.state === "Failed") return undefined;
      if (file.lent) {
        file.lent.times++;
        return file.lent.descriptor;
      }
      try {
        const isNew = isUntouched(file);
        const { descriptor } = openFile(file);
        try {
          // The full length first: what is never written then reads as zeros.
          if (isNew) ftruncateSync(descriptor, file.size);
        } catch (error) {
          closeSync(descriptor);
          throw error;
        }
        file.lent = { descriptor, times: 1 };
        return descriptor;
      } catch (error) {
        fail(file, error);
        return undefined;
      }
    },
    takeBack(file, written) {
      const { lent } = file;
      if (!lent) return;
      lent.times--;
      file.missing -= written;
      if (lent.times > 0) return;
      file.lent = undefined;
      const isWhole = file.missing === 0 && file.state === "Created";
      try {
        try {
          if (isWhole) setMetadata(file, { descriptor: lent.descriptor, path: pathOf(file) });
        } finally {
          closeSync(lent.descriptor);
        }
        if (isWhole) finish(file);
      } catch (error) {
        fail(file, error);
      }
    },
    fail,
    writeEmpty: (file) => withFile(file, () => true),
    abandon,
  };
}
