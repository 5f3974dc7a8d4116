import { linkSync, lstatSync, mkdirSync, symlinkSync } from "node:fs";
import { RepositoryError, reasonOf } from "../repository/errors.ts";
import { posixPermissions } from "../repository/mode.ts";
import type { Snapshot, TreeNode } from "../repository/types.ts";
import { getAttribute, removeAttribute } from "../system/attributes.ts";
import { causeOf } from "../system/cause.ts";
import { type Folder, type Folders, openFolders } from "../system/folders.ts";
import { newBreather } from "./breathe.ts";
import { displayPath } from "./display-path.ts";
import { fetchWindow } from "./fetch-window.ts";
import { fileWriter, isFatal, type LendingFileWriter, type PendingFile } from "./files.ts";
import { createFlusher, type Flusher, type FlushOptions } from "./flush.ts";
import { applyMetadata } from "./metadata.ts";
import { newOutcome, type Outcome } from "./outcome.ts";
import { createPartWriters, type LazyPartWriters, type PartWritersOptions } from "./part-writers.ts";
import type { Restorable } from "./restorable.ts";
import { sameContent } from "./same-content.ts";
import { select, type Wanted } from "./selection.ts";
import { makeNode } from "./system.ts";
import { holdsAnything, isLostAndFound, prepareTarget } from "./target.ts";
import { type Step, walk } from "./walk.ts";
import { newWindow, planFile, type Window } from "./window.ts";

export interface RestoreOptions extends Wanted {
  readonly repository: Restorable;
  readonly snapshot: Snapshot;
  /** Is made where it is missing; else it must be empty. */
  readonly target: string;
  readonly onProgress?: (progress: { readonly bytesDone: number; readonly filesDone: number }) => void;
  readonly signal: AbortSignal;
  /** What comes out is counted here, so that it is known of a restore that breaks off, too. */
  readonly outcome?: Outcome | undefined;
  /** Places of blobs, or steps without any, after which a window is fetched and written: bounds the memory. */
  readonly windowSize?: number;
  /** What making a file takes on average, at least, where several are made at a time. */
  readonly slowMilliseconds?: number;
  /** Which threads write large parts, and from how much on. */
  readonly partWriters?: PartWritersOptions;
  /** How, and after how much, the disk is asked to have what was written. */
  readonly flush?: FlushOptions;
}

interface Job {
  readonly repository: Restorable;
  readonly folders: Folders;
  readonly writer: LendingFileWriter;
  readonly writers: LazyPartWriters;
  readonly flusher: Flusher;
  readonly outcome: Outcome;
  /** The first name of each file with several, by device and inode. */
  readonly linked: Map<string, PendingFile>;
  readonly options: RestoreOptions;
}

/** What has to wait until the window's files are written: other names of a file, and the times of folders. */
interface Later {
  readonly links: { readonly folder: Folder; readonly node: TreeNode; readonly first: PendingFile }[];
  readonly leaves: Extract<Step, { kind: "leave" }>[];
}

/**
 * Writes a snapshot into a folder and waits until the disk has it. Everything that could not be restored exactly is in the
 * outcome by name; its content, if it is a file, is not left behind half. Rejects where nothing was tried, the store
 * failed, the target is full (`TargetVolumeFull`) or failed (`WriteErrors`), or the signal stopped it; unfinished files are removed then, too.
 */
export async function restoreSnapshot(options: RestoreOptions): Promise<Outcome> {
  const { repository, snapshot, target, signal, windowSize = 8_192, outcome = newOutcome() } = options;
  const selection = await select(repository, snapshot, options);
  await prepareTarget(target);
  const folders = openFolders(target);
  const writer = fileWriter(folders, outcome, options.slowMilliseconds);
  const writers = createPartWriters(options.partWriters);
  const flusher = createFlusher(folders.descriptor({ name: Buffer.alloc(0), parent: undefined }), options.flush);
  const job: Job = { repository, folders, writer, writers, flusher, outcome, linked: new Map(), options };
  try {
    let window = newWindow();
    let later: Later = { links: [], leaves: [] };
    let steps = 0;
    const breathe = newBreather();
    dropInheritance(job);
    for await (const step of walk(repository, selection)) {
      await breathe();
      signal.throwIfAborted();
      take(job, step, window, later);
      if (++steps < windowSize && window.places < windowSize) continue;
      await complete(job, window, later);
      window = newWindow();
      later = { links: [], leaves: [] };
      steps = 0;
    }
    await complete(job, window, later);
    await flusher.finish();
  } catch (error) {
    // Errors that come out of a thread have nothing but their code.
    const isOfSystem = error instanceof Error && ("syscall" in error || isFatal(error));
    throw isOfSystem ? targetFailed(target, error) : error;
  } finally {
    await writers.close();
    folders.close();
    outcome.touched = holdsAnything(target);
  }
  return outcome;
}

/** What the target folder hands down to everything that is made in it would be on what is restored, too. */
function dropInheritance({ folders, outcome }: Job): void {
  const path = folders.entry({ name: Buffer.alloc(0), parent: undefined }, Buffer.from("."));
  if (getAttribute(path, defaultAccessList) === undefined) return;
  try {
    removeAttribute(path, defaultAccessList);
    outcome.notice("The target folder had a default ACL, which all restored files would have got: it was removed.");
  } catch (error) {
    const message = `The default ACL of the target folder, which all restored files get, cannot be removed: ${causeOf(error)}`;
    outcome.fail("/", "WriteErrors", message);
  }
}

const defaultAccessList = "system.posix_acl_default";

function targetFailed(target: string, cause: Error): RepositoryError {
  if (!isFatal(cause)) {
    const message = `${target} could not be written: ${causeOf(cause)}. Look after its disk.`;
    return new RepositoryError("WriteErrors", message, { cause });
  }
  const isReadOnly = (cause as NodeJS.ErrnoException).code === "EROFS";
  return isReadOnly
    ? new RepositoryError("InvalidConfiguration", `${target} is mounted read-only: nothing can be restored to it.`, {
        cause,
      })
    : new RepositoryError("TargetVolumeFull", `${target} is full: the restore is not complete. Use a larger volume.`, {
        cause,
      });
}

function take(job: Job, step: Step, window: Window, later: Later): void {
  switch (step.kind) {
    case "enter":
      guarded(job, step.folder, undefined, () => makeFolder(job, step.folder));
      break;
    case "entry":
      if (step.node.type === "file") takeFile(job, step, window, later);
      else guarded(job, step.folder, step.node.name, () => makeEntry(job, step));
      break;
    case "leave":
      later.leaves.push(step);
      break;
    case "damaged":
      job.outcome.fail(displayPath(step.folder), reasonOf(step.error), step.error.message);
      break;
  }
}

/** An error of one entry is that entry's failure, unless everything else would fail alike. */
function guarded(job: Job, folder: Folder, name: Buffer | undefined, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (isFatal(error)) throw error;
    const path = displayPath(folder, name);
    job.outcome.fail(path, "WriteErrors", `Could not make ${path}: ${causeOf(error)}`);
  }
}

function makeFolder({ folders }: Job, folder: Folder): void {
  if (!folder.parent) return;
  const path = folders.entry(folder.parent, folder.name);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const isTheirs = !folder.parent.parent && isLostAndFound(folder.name) && lstatSync(path).isDirectory();
    if (!isTheirs) throw error;
  }
}

function takeFile(job: Job, { folder, node }: Extract<Step, { kind: "entry" }>, window: Window, later: Later): void {
  const key = node.links > 1 && node.inode !== 0n ? `${node.deviceId}:${node.inode}` : undefined;
  const first = key === undefined ? undefined : job.linked.get(key);
  // A file that changed between its two names being read is two files by now.
  if (first && sameContent(first.node, node)) {
    later.links.push({ folder, node, first });
    return;
  }
  const planned = planFile(job.repository, window, { folder, node });
  if ("damage" in planned) {
    const path = displayPath(folder, node.name);
    job.outcome.fail(path, "RepositoryDamaged", `${path} cannot be restored: ${planned.damage}.`);
    return;
  }
  if (key !== undefined && !first) job.linked.set(key, planned.file);
  if (planned.file.missing === 0) job.writer.writeEmpty(planned.file);
}

const fileTypes = { fifo: 0o010000, socket: 0o140000, chardev: 0o020000, dev: 0o060000 } as const;

function makeEntry(job: Job, { folder, node }: Extract<Step, { kind: "entry" }>): void {
  const path = job.folders.entry(folder, node.name);
  const display = () => displayPath(folder, node.name);
  if (node.type === "symlink") symlinkSync(node.linkTarget ?? Buffer.alloc(0), path);
  else if (node.type in fileTypes) {
    const type = fileTypes[node.type as keyof typeof fileTypes];
    makeNode(path, type | (posixPermissions(node.mode) & 0o700), node.device);
  } else throw new Error(`its type «${node.type}» cannot be restored`);
  applyMetadata({ node, path, display }, job.outcome);
}

async function complete(job: Job, window: Window, later: Later): Promise<void> {
  const { repository, writer, writers, flusher, outcome, options } = job;
  const onBytes = (count: number) => {
    outcome.bytes += count;
    flusher.written(count);
    options.onProgress?.({ bytesDone: outcome.bytes, filesDone: outcome.files });
  };
  try {
    await fetchWindow({ repository, window, writer, writers, onBytes, signal: options.signal });
    options.signal.throwIfAborted();
  } catch (error) {
    for (const file of window.files) {
      if (file.state === "Created") writer.abandon(file, "WriteErrors", (error as Error).message);
    }
    throw error;
  }
  for (const file of window.files) {
    // Nothing is known to let a part go missing. Should anything do so, the file is not as it was, and nobody must believe it.
    if (file.state === "Finished" || file.state === "Failed") continue;
    const path = displayPath(file.folder, file.node.name);
    writer.abandon(file, "InternalError", `${file.missing} parts of ${path} were neither written nor refused.`);
  }
  for (const link of later.links) guarded(job, link.folder, link.node.name, () => makeLink(job, link));
  for (const leave of later.leaves) guarded(job, leave.folder, undefined, () => leaveFolder(job, leave));
}

function makeLink({ folders, outcome }: Job, { folder, node, first }: Later["links"][number]): void {
  if (first.state !== "Finished") {
    const firstPath = displayPath(first.folder, first.node.name);
    throw new Error(`it is another name of ${firstPath}, which could not be restored`);
  }
  linkSync(folders.entry(first.folder, first.node.name), folders.entry(folder, node.name));
  outcome.files++;
}

function leaveFolder({ folders, outcome }: Job, { folder, node }: Later["leaves"][number]): void {
  if (node) {
    const path = folders.entry(folder, Buffer.from("."));
    applyMetadata({ node, path, display: () => displayPath(folder) }, outcome);
  }
  if (folder.parent) outcome.directories++;
}
