import { readdirSync } from "node:fs";
import { RepositoryError, reasonOf } from "../repository/errors.ts";
import type { Snapshot, TreeNode } from "../repository/types.ts";
import { causeOf } from "../system/cause.ts";
import { type Folder, type Folders, openFolders } from "../system/folders.ts";
import { newBreather } from "./breathe.ts";
import { compareContent, compareMetadata } from "./compare.ts";
import { displayPath } from "./display-path.ts";
import { newOutcome, type Outcome } from "./outcome.ts";
import type { Restorable } from "./restorable.ts";
import { select, type Wanted } from "./selection.ts";
import { isLostAndFound } from "./target.ts";
import { type Step, walk } from "./walk.ts";

/** `include` says what was restored. */
export interface VerifyOptions extends Wanted {
  readonly repository: Restorable;
  readonly snapshot: Snapshot;
  readonly target: string;
  readonly onProgress?: (progress: { readonly bytesDone: number; readonly filesDone: number }) => void;
  readonly signal: AbortSignal;
}

interface Job {
  readonly repository: Restorable;
  readonly folders: Folders;
  readonly outcome: Outcome;
  readonly breathe: () => Promise<void>;
  /** Files with several names: which file of the target the first name led to. */
  readonly linked: Map<string, { readonly node: TreeNode; readonly identity: string }>;
}

/**
 * Compares a folder with a snapshot: every byte of every file, names (none missing, none too many), types, permissions,
 * owners where this is root, modification times, link targets, attributes, and which names are one file. Writes nothing.
 */
export async function verifyFolder(options: VerifyOptions): Promise<Outcome> {
  const { repository, snapshot, target, signal } = options;
  const selection = await select(repository, snapshot, options);
  const folders = open(target);
  const outcome = newOutcome();
  const job: Job = { repository, folders, outcome, breathe: newBreather(), linked: new Map() };
  try {
    for await (const step of walk(repository, selection)) {
      signal.throwIfAborted();
      await verifyStep(job, step);
      options.onProgress?.({ bytesDone: outcome.bytes, filesDone: outcome.files });
      await job.breathe();
    }
  } finally {
    folders.close();
  }
  return outcome;
}

function open(target: string): Folders {
  try {
    return openFolders(target);
  } catch (cause) {
    const message = `${target} cannot be compared: ${causeOf(cause)}`;
    throw new RepositoryError("InvalidConfiguration", message, { cause });
  }
}

async function verifyStep(job: Job, step: Step): Promise<void> {
  if (step.kind === "damaged") {
    job.outcome.fail(displayPath(step.folder), reasonOf(step.error), step.error.message);
    return;
  }
  const name = step.kind === "entry" ? step.node.name : undefined;
  const path = displayPath(step.folder, name);
  try {
    if (step.kind === "leave") leaveFolder(job, step);
    if (step.kind === "entry") await verifyEntry(job, step.folder, step.node);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const why = isMissing ? "is missing" : `cannot be compared: ${causeOf(error)}`;
    job.outcome.fail(path, "VerificationFailed", `${path} ${why}`);
  }
}

async function verifyEntry(job: Job, folder: Folder, node: TreeNode): Promise<void> {
  const { repository, folders, outcome, breathe } = job;
  const path = displayPath(folder, node.name);
  const differs = (how: string) => outcome.fail(path, "VerificationFailed", `${path} ${how}`);
  const difference = compareMetadata(node, folders.entry(folder, node.name), { isRoot: false });
  if (difference) return differs(difference);
  if (node.type === "file") {
    const content = await compareContent(repository.locate(folder, node), folders.entry(folder, node.name), breathe);
    if (content.damage) return outcome.fail(path, "RepositoryDamaged", `${path} cannot be compared: ${content.damage}`);
    const found = content.difference ?? compareNames(job, node, content.identity);
    if (found) return differs(found);
    outcome.bytes += content.bytes;
    outcome.files++;
  }
}

/** Two names that were one file must be one file again. */
function compareNames({ linked }: Job, node: TreeNode, identity: string): string | undefined {
  if (node.links < 2 || node.inode === 0n) return undefined;
  const key = `${node.deviceId}:${node.inode}`;
  const first = linked.get(key);
  if (!first) {
    linked.set(key, { node, identity });
    return undefined;
  }
  if (first.identity === identity || first.node.content?.join() !== node.content?.join()) return undefined;
  return `is no longer the same file as ${first.node.name}`;
}

function leaveFolder({ folders, outcome }: Job, { folder, node, names }: Extract<Step, { kind: "leave" }>): void {
  const expected = new Set(names.map((name) => name.toString("latin1")));
  const path = folders.entry(folder, Buffer.from("."));
  for (const name of readdirSync(path, { encoding: "buffer" })) {
    const isTheirs = !folder.parent && isLostAndFound(name);
    if (isTheirs || expected.has(name.toString("latin1"))) continue;
    const extra = displayPath(folder, name);
    outcome.fail(extra, "VerificationFailed", `${extra} is not in the snapshot`);
  }
  const difference = node && compareMetadata(node, path, { isRoot: !folder.parent });
  if (difference) {
    outcome.fail(displayPath(folder), "VerificationFailed", `${displayPath(folder)} ${difference}`);
    return;
  }
  if (folder.parent) outcome.directories++;
}
