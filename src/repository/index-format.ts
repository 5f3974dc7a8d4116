import { maximumOffset, maximumPlainLength } from "./blob-index.ts";
import { isId, sealOverhead } from "./crypto.ts";
import { damaged } from "./errors.ts";
import type { PackEntry } from "./pack-format.ts";
import { isOwner, type Owner } from "./provenance.ts";
import type { BlobLocation, Id } from "./types.ts";

/** The JSON of an index file: packs, the blobs in them, and in one field that restic does not know the pack's owner. */

export interface IndexedPack {
  readonly id: Id;
  readonly owner?: Owner | undefined;
  readonly entries: readonly IndexedEntry[];
  readonly unknown?: UnknownFields | undefined;
}

export type IndexedEntry = PackEntry & { readonly unknown?: UnknownFields | undefined };

/** Fields of a program that knows more than we do, kept when an index is written again. */
export type UnknownFields = Readonly<Record<string, unknown>>;

const ownerField = "holdfast_owner";

interface BlobJson {
  readonly id: string;
  readonly type: string;
  readonly offset: number;
  readonly length: number;
  readonly uncompressed_length?: number;
}

/** `unknown` are fields of the file itself. */
export const encodeIndex = (packs: readonly IndexedPack[], unknown: UnknownFields = {}): unknown => ({
  ...unknown,
  packs: packs.map((pack) => ({
    id: pack.id,
    blobs: pack.entries.map(encodeBlob),
    ...(pack.owner && { [ownerField]: pack.owner }),
    ...pack.unknown,
  })),
});

const encodeBlob = ({ id, type, offset, length, plainLength, compressed, unknown }: IndexedEntry): BlobJson => ({
  id,
  type,
  offset,
  length,
  ...(compressed && { uncompressed_length: plainLength }),
  ...unknown,
});

/** Every location in an index document. Throws `RepositoryDamaged` where a field of restic's cannot be; `where` names the document. */
export function* decodeIndex(document: unknown, where: string): Generator<BlobLocation> {
  for (const { id, blobs, [ownerField]: named } of packsOf(document, where)) {
    const owner = isOwner(named) ? named : undefined;
    for (const blob of blobs) yield decodeBlob(id, blob, where, owner);
  }
}

/** The same, pack by pack and with what we do not know, for whoever writes the index again. */
export function decodePacks(document: unknown, where: string): IndexedPack[] {
  const packs = new Map<Id, IndexedPack & { readonly entries: IndexedEntry[] }>();
  for (const { id, blobs, [ownerField]: named, ...unknown } of packsOf(document, where)) {
    const entries = blobs.map((blob) => decodeEntry(id, blob, where));
    const known = packs.get(id);
    if (known) for (const entry of entries) known.entries.push(entry);
    else packs.set(id, { id, owner: isOwner(named) ? named : undefined, entries, ...ifAny(unknown) });
  }
  return [...packs.values()];
}

/** Of the file itself. `supersedes` names files that were gone when it was written: it says nothing any more. */
export function unknownFields(document: unknown): UnknownFields {
  if (!isObject(document) || Array.isArray(document)) return {};
  const { packs: _, supersedes: __, ...unknown } = document;
  return unknown;
}

interface PackJson {
  readonly id: Id;
  readonly blobs: readonly unknown[];
  readonly [field: string]: unknown;
}

function* packsOf(document: unknown, where: string): Generator<PackJson> {
  // A bare list of packs is restic's form until 0.2, which later ones still find in old repositories.
  const packs = isObject(document) && !Array.isArray(document) ? document.packs : document;
  if (!Array.isArray(packs)) throw damaged(`${where} is not an index in a form that restic ever had.`);
  for (const pack of packs) {
    if (!isObject(pack) || !isId(pack.id) || !Array.isArray(pack.blobs))
      throw damaged(`${where} has a pack that makes no sense.`);
    yield pack as PackJson;
  }
}

function decodeEntry(pack: Id, blob: unknown, where: string): IndexedEntry {
  const { pack: _, ...entry } = decodeBlob(pack, blob, where);
  const { id, type, offset, length, uncompressed_length, ...unknown } = blob as Partial<BlobJson>;
  return { ...entry, ...ifAny(unknown) };
}

const ifAny = (unknown: UnknownFields) => (Object.keys(unknown).length > 0 ? { unknown } : undefined);

/** Runs for every blob of the repository, at the beginning of every run. */
function decodeBlob(pack: Id, blob: unknown, where: string, owner?: Owner): BlobLocation {
  const wrong = (what: string) => damaged(`${where} is damaged: ${what} of a blob in pack ${pack} cannot be.`);
  if (!isObject(blob)) throw wrong("the entry");
  const { id, type, offset, length, uncompressed_length: uncompressed = 0 } = blob;
  if (!isId(id)) throw wrong("the id");
  if (type !== "data" && type !== "tree") throw wrong("the type");
  if (!isCount(offset, maximumOffset)) throw wrong("the offset");
  if (!isCount(length, maximumOffset) || length < sealOverhead) throw wrong("the length");
  if (!isCount(uncompressed, maximumPlainLength)) throw wrong("the uncompressed length");
  const compressed = uncompressed > 0;
  const plainLength = compressed ? uncompressed : length - sealOverhead;
  if (plainLength > maximumPlainLength) throw wrong("the length");
  return owner === undefined
    ? { id, type, pack, offset, length, plainLength, compressed }
    : { id, type, pack, owner, offset, length, plainLength, compressed };
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

const isCount = (value: unknown, maximum: number): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= maximum;
