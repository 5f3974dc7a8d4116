import { isStorageError, type StorageError } from "../storage/errors.ts";
import type { ByteRange } from "../storage/storage.ts";
import { reusedMemory } from "../system/memory.ts";
import { damaged, RepositoryError } from "./errors.ts";
import { packKey } from "./pack-cache.ts";
import { openBlob } from "./pack-format.ts";
import type { BlobLocation, BlobType, Id, IndexedRepository, Repository } from "./types.ts";

/**
 * The plaintext of a blob: authenticated, and its content compared with its id. Copies in other packs are tried where one is
 * damaged. Rejects with `RepositoryDamaged` where none is good, with `ObjectUnreadable` where one might be if it could be read, and with
 * the store's error where it cannot be asked.
 */
export async function readBlob(repository: IndexedRepository, id: Id, type: BlobType): Promise<Buffer> {
  const copies = repository.index.findAll(id, type);
  if (copies.length === 0) throw damaged(`The ${type} blob ${id} is in no index of ${repository.storage.description}.`);
  const what = `The ${type} blob ${id} of ${repository.storage.description}`;
  let unreadable: StorageError | undefined;
  for (const copy of copies) {
    try {
      const plaintext = openBlob(repository.master, await readSealed(repository, copy), copy);
      if (plaintext) return plaintext;
    } catch (error) {
      if (isStorageError(error, "Unreadable")) unreadable ??= error;
      else if (!isDamage(error)) throw error;
    }
  }
  if (unreadable) {
    const message = `${what} cannot be read at present. ${unreadable.message}`;
    throw new RepositoryError("ObjectUnreadable", message, { cause: unreadable });
  }
  throw damaged(`${what} is damaged or missing in pack ${copies.map(({ pack }) => pack).join(", ")}.`);
}

async function readSealed({ storage, packCache }: IndexedRepository, copy: BlobLocation): Promise<Buffer> {
  const alone = () => storage.get(packKey(copy.pack), { offset: copy.offset, length: copy.length });
  if (copy.type === "data") return alone();
  try {
    const pack = await packCache.get(storage, copy.pack);
    return pack.subarray(copy.offset, copy.offset + copy.length);
  } catch (error) {
    // Only a part of a pack may be unreadable.
    if (isStorageError(error, "Unreadable")) return alone();
    throw error;
  }
}

/** The store answered, and what it has is no good. All its other errors say nothing about the data. */
export const isDamage = (error: unknown): boolean =>
  isStorageError(error, "NotFound") || isStorageError(error, "Corrupted");

/** For those who only read: whoever removes what is lost must not take something for it that cannot be read at present. */
export const isDamageOrUnreadable = (error: unknown): boolean => isDamage(error) || isStorageError(error, "Unreadable");

export type PackBlob =
  | { readonly location: BlobLocation; readonly plaintext: Buffer }
  | { readonly location: BlobLocation; readonly error: RepositoryError };

export interface PackBlobsOptions {
  readonly repository: IndexedRepository;
  readonly pack: Id;
  /** Of this pack, in any order. */
  readonly locations: readonly BlobLocation[];
}

/** Blobs whose gap is no longer than this are fetched with one request. */
const joinedGap = 256 * 1024;
/** A pack of 16 MiB is fetched in three pieces or more: several packs are under way at a time, and requests of this length cost none. */
const longestPiece = 6 * 1024 * 1024;

/**
 * Many blobs of one pack, in the order of their offsets, with few ranged requests; each is good until the next one is asked for.
 * One that is damaged here is read from another copy; where there is none, its error is handed out and the others go on.
 */
export async function* readPackBlobs({ repository, pack, locations }: PackBlobsOptions): AsyncGenerator<PackBlob> {
  const memory = reusedMemory();
  for await (const { location, sealed } of readSealedGroups(repository, pack, locations, isDamageOrUnreadable)) {
    const plaintext = sealed && openBlob(repository.master, sealed, location, memory);
    yield plaintext ? { location, plaintext } : await readElsewhere(repository, location);
  }
}

/** Of errors, those for which what was to be read is passed over as `undefined`. The others end the reading. */
type Tolerance = (error: unknown) => boolean;

/** The stored bytes of blobs of one pack, in the order of their offsets, good until the next ones are asked for; undefined for what is passed over. */
export async function* readSealedGroups<Location extends BlobLocation>(
  repository: Repository,
  pack: Id,
  locations: readonly Location[],
  passesOver: Tolerance = isDamage,
): AsyncGenerator<{ readonly location: Location; readonly sealed: Buffer | undefined }> {
  for await (const { locations: group, start, bytes } of readSealedRanges(repository, pack, locations, passesOver)) {
    for (const location of group) {
      const offset = location.offset - start;
      yield { location, sealed: bytes?.subarray(offset, offset + location.length) };
    }
  }
}

/** A piece of a pack with some of its blobs, as it is stored, or of another object with some of its parts. */
export interface StoredRange<Location extends BlobLocation = BlobLocation> {
  readonly locations: readonly Location[];
  /** Where it begins in the object. */
  readonly start: number;
  /** Undefined where it was passed over: then each part is to be tried on its own, or is lost. */
  readonly bytes: Buffer | undefined;
}

/** The pieces of a pack that hold these blobs. */
export const readSealedRanges = <Location extends BlobLocation>(
  repository: Repository,
  pack: Id,
  locations: readonly Location[],
  passesOver: Tolerance = isDamage,
): AsyncGenerator<StoredRange<Location>> =>
  readRanges(repository, packKey(pack), locations, { longest: longestPiece, passesOver });

/**
 * The pieces of an object that hold these parts, in the order of their offsets, with one request each: of `longest` bytes at most, but for one part
 * that is longer by itself. Each is good until the next one is asked for.
 */
export async function* readRanges<Location extends BlobLocation>(
  { storage, memory }: Pick<Repository, "storage" | "memory">,
  key: string,
  locations: readonly Location[],
  { longest, passesOver }: { readonly longest: number; readonly passesOver: Tolerance },
): AsyncGenerator<StoredRange<Location>> {
  const sorted = [...locations].sort((a, b) => a.offset - b.offset);
  for (const group of groupNear(sorted, longest)) {
    const bytes = await memory
      .fill((allocate) => storage.get(key, rangeOf(group), allocate))
      .catch((error: unknown) => {
        if (!passesOver(error)) throw error;
        return undefined;
      });
    try {
      yield { locations: group, start: group[0]?.offset ?? 0, bytes };
    } finally {
      if (bytes) memory.giveBack(bytes);
    }
  }
}

function groupNear<Location extends BlobLocation>(sorted: readonly Location[], longest: number): Location[][] {
  const groups: Location[][] = [];
  let start = 0;
  let end = 0;
  for (const location of sorted) {
    const group = groups.at(-1);
    const locationEnd = location.offset + location.length;
    if (group && location.offset - end <= joinedGap && locationEnd - start <= longest) {
      group.push(location);
    } else {
      groups.push([location]);
      start = location.offset;
    }
    end = locationEnd;
  }
  return groups;
}

function rangeOf(group: readonly BlobLocation[]): ByteRange {
  const [first, last] = [group[0], group.at(-1)];
  if (!first || !last) throw new RangeError("There is no range of nothing.");
  return { offset: first.offset, length: last.offset + last.length - first.offset };
}

/** A blob that is damaged or not to be had at this location, from another one. */
export async function readElsewhere(repository: IndexedRepository, location: BlobLocation): Promise<PackBlob> {
  try {
    return { location, plaintext: await readBlob(repository, location.id, location.type) };
  } catch (error) {
    if (error instanceof RepositoryError) return { location, error };
    throw error;
  }
}
