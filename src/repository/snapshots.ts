import { z } from "zod";
import { isStorageError, type StorageError } from "../storage/errors.ts";
import { forEachConcurrently } from "./concurrency.ts";
import { isId } from "./crypto.ts";
import { listDocuments, readDocumentIfPresent, writeDocument } from "./documents.ts";
import { damaged, RepositoryError } from "./errors.ts";
import { parseTime } from "./time.ts";
import { type Id, incompleteTag, type Repository, type Snapshot, type SnapshotDocument } from "./types.ts";

const id = z.string().refine(isId);
const texts = z.array(z.string());

/** Loose, so that what a newer restic adds is not lost when a snapshot is written again. Go writes `null` for empty lists. */
export const snapshotDocument = z.looseObject({
  time: z.string().refine((text) => parseTime(text) !== undefined),
  parent: id.optional(),
  tree: id,
  paths: texts.nullable().transform((paths) => paths ?? []),
  hostname: z.string().optional(),
  username: z.string().optional(),
  uid: z.number().optional(),
  gid: z.number().optional(),
  excludes: texts.optional(),
  tags: texts
    .nullable()
    .transform((tags) => tags ?? [])
    .optional(),
  original: id.optional(),
  program_version: z.string().optional(),
  summary: z.record(z.string(), z.unknown()).optional(),
});

const concurrentReads = 16;

export interface ListOptions {
  /**
   * Told of a snapshot that is damaged or cannot be read at present, which is then passed over; without it the reading rejects. Not for who
   * removes data: what is passed over may still need it.
   */
  readonly onDamage?: (error: RepositoryError) => void;
}

/** All snapshots, oldest first. */
export async function listSnapshots(repository: Repository, options: ListOptions = {}): Promise<Snapshot[]> {
  const files = await listDocuments(repository, "snapshots");
  return readSnapshots(
    repository,
    files.map(({ id }) => id),
    options,
  );
}

/** These snapshots, without those that are gone by now, oldest first. */
export async function readSnapshots(
  repository: Repository,
  ids: readonly Id[],
  { onDamage }: ListOptions = {},
): Promise<Snapshot[]> {
  const snapshots: Snapshot[] = [];
  await forEachConcurrently(ids, concurrentReads, async (snapshotId) => {
    const snapshot = await readSnapshot(repository, snapshotId).catch((error: unknown) => {
      const ofThisOne = isStorageError(error, "Unreadable") ? unreadable(repository, snapshotId, error) : error;
      if (!onDamage || !(ofThisOne instanceof RepositoryError)) throw error;
      onDamage(ofThisOne);
    });
    if (snapshot) snapshots.push(snapshot);
  });
  return snapshots.sort(byTime);
}

function unreadable({ storage }: Repository, snapshotId: Id, cause: StorageError): RepositoryError {
  const message = `snapshots/${snapshotId} of ${storage.description} cannot be read at present. ${cause.message}.`;
  return new RepositoryError("ObjectUnreadable", message, { cause });
}

/** Undefined where there is no such snapshot. */
export async function readSnapshot(repository: Repository, snapshotId: Id): Promise<Snapshot | undefined> {
  const document = await readDocumentIfPresent(repository, "snapshots", snapshotId);
  if (document === undefined) return undefined;
  const parsed = snapshotDocument.safeParse(document);
  if (!parsed.success) {
    throw damaged(`snapshots/${snapshotId} of ${repository.storage.description} is not a snapshot.`, parsed.error);
  }
  return { ...(parsed.data as SnapshotDocument), id: snapshotId };
}

/** Oldest first. */
export const byTime = (a: Snapshot, b: Snapshot): number => {
  const difference = snapshotTime(a) - snapshotTime(b);
  if (difference !== 0n) return difference < 0n ? -1 : 1;
  return a.id < b.id ? -1 : 1;
};

/** Nanoseconds since 1970. */
export const snapshotTime = (snapshot: SnapshotDocument): bigint => parseTime(snapshot.time) ?? 0n;

/** `latest`, or an id or the beginning of one that only one snapshot has. Rejects with `SnapshotNotFound`. */
export async function findSnapshot(repository: Repository, name: string): Promise<Snapshot> {
  const where = repository.storage.description;
  const notFound = (message: string) => new RepositoryError("SnapshotNotFound", message);
  if (isId(name)) {
    const snapshot = await readSnapshot(repository, name);
    if (snapshot) return snapshot;
    throw notFound(`There is no snapshot ${name} in ${where}: list them to see what there is.`);
  }
  const snapshots = await listSnapshots(repository);
  if (name === "latest") {
    const latest = snapshots.at(-1);
    if (latest) return latest;
    throw notFound(`There is no snapshot in ${where} yet.`);
  }
  const candidates = snapshots.filter((snapshot) => name !== "" && snapshot.id.startsWith(name));
  const [only] = candidates;
  if (only && candidates.length === 1) return only;
  throw notFound(
    candidates.length > 1
      ? `${candidates.length} snapshots in ${where} begin with ${name}: give more of the id.`
      : `There is no snapshot ${name} in ${where}: list them to see what there is.`,
  );
}

/** Stores a snapshot: the last step of a backup, after everything it refers to. */
export async function saveSnapshot(repository: Repository, document: SnapshotDocument): Promise<Snapshot> {
  const {
    time,
    parent,
    tree,
    paths,
    hostname,
    username,
    uid,
    gid,
    excludes,
    tags,
    original,
    program_version,
    summary,
    ...unknown
  } = document;
  const inOrder = {
    time,
    parent,
    tree,
    paths,
    hostname,
    username,
    uid,
    gid,
    excludes,
    tags,
    original,
    program_version,
    summary,
    ...unknown,
  };
  return { ...document, id: await writeDocument(repository, "snapshots", inOrder) };
}

/** Removes a snapshot; one that is not there counts as removed. Its data stays until `prune`. */
export async function removeSnapshot(repository: Repository, snapshotId: Id): Promise<void> {
  try {
    await repository.storage.delete(`snapshots/${snapshotId}`);
  } catch (error) {
    if (!isStorageError(error, "NotFound")) throw error;
  }
}

/** Lacks paths that could not be read: never counts as a good copy. */
export const isIncomplete = (snapshot: SnapshotDocument): boolean => snapshot.tags?.includes(incompleteTag) ?? false;
