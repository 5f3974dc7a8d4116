import { isStorageError } from "../storage/errors.ts";
import type { ByteRange } from "../storage/storage.ts";
import { reusedMemory } from "../system/memory.ts";
import { damaged, RepositoryError } from "./errors.ts";
import { packKey } from "./pack-cache.ts";
import { openBlob } from "./pack-format.ts";
import type { BlobLocation, BlobType, Id, IndexedRepository, Repository } from "./types.ts";

/**
 * The plaintext of a blob: authenticated, and its content compared with its id. Copies in other packs are tried where one is
 * damaged. Rejects with `RepositoryDamaged` where none is good, and with the store's error where it cannot be asked.
 */
export async function readBlob(repository: IndexedRepository, id: Id, type: BlobType): Promise<Buffer> {
  const copies = repository.index.findAll(id, type);
  if (copies.length === 0) throw damaged(`The ${type} blob ${id} is in no index of ${repository.storage.description}.`);
  for (const copy of copies) {
    const plaintext = await readCopy(repository, copy);
    if (plaintext) return plaintext;
  }
  const packs = copies.map(({ pack }) => pack).join(", ");
  throw damaged(`The ${type} blob ${id} of ${repository.storage.description} is damaged or missing in pack ${packs}.`);
}

async function readCopy(repository: IndexedRepository, copy: BlobLocation): Promise<Buffer | undefined> {
  try {
    const sealed = await readSealed(repository, copy);
    return openBlob(repository.master, sealed, copy);
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}

async function readSealed({ storage, packCache }: IndexedRepository, copy: BlobLocation): Promise<Buffer> {
  if (copy.type === "data") return storage.get(packKey(copy.pack), { offset: copy.offset, length: copy.length });
  const pack = await packCache.get(storage, copy.pack);
  return pack.subarray(copy.offset, copy.offset + copy.length);
}

/** The store answered, and what it has is no good. All its other errors say nothing about the data. */
export const isDamage = (error: unknown): boolean =>
  isStorageError(error, "NotFound") || isStorageError(error, "Corrupted");

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
  for await (const { location, sealed } of readSealedGroups(repository, pack, locations)) {
    const plaintext = sealed && openBlob(repository.master, sealed, location, memory);
    yield plaintext ? { location, plaintext } : await readElsewhere(repository, location);
  }
}

/** The stored bytes of blobs of one pack, in the order of their offsets, good until the next ones are asked for; undefined where the pack is missing or too short. */
export async function* readSealedGroups<Location extends BlobLocation>(
  repository: Repository,
  pack: Id,
  locations: readonly Location[],
): AsyncGenerator<{ readonly location: Location; readonly sealed: Buffer | undefined }> {
  for await (const { locations: group, start, bytes } of readSealedRanges(repository, pack, locations)) {
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
  /** Undefined where the object is missing or too short: then each part is to be tried on its own, or is lost. */
  readonly bytes: Buffer | undefined;
}

/** The pieces of a pack that hold these blobs. */
export const readSealedRanges = <Location extends BlobLocation>(
  repository: Repository,
  pack: Id,
  locations: readonly Location[],
): AsyncGenerator<StoredRange<Location>> => readRanges(repository, packKey(pack), locations, longestPiece);

/**
 * The pieces of an object that hold these parts, in the order of their offsets, with one request each: of `longest` bytes at most, but for one part
 * that is longer by itself. Each is good until the next one is asked for.
 */
export async function* readRanges<Location extends BlobLocation>(
  { storage, memory }: Pick<Repository, "storage" | "memory">,
  key: string,
  locations: readonly Location[],
  longest: number,
): AsyncGenerator<StoredRange<Location>> {
  const sorted = [...locations].sort((a, b) => a.offset - b.offset);
  for (const group of groupNear(sorted, longest)) {
    const bytes = await memory.fill((allocate) => storage.get(key, rangeOf(group), allocate)).catch(damageAsUndefined);
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

function damageAsUndefined(error: unknown): undefined {
  if (!isDamage(error)) throw error;
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
