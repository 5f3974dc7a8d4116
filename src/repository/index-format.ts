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
  readonly entries: readonly PackEntry[];
}

const ownerField = "holdfast_owner";

interface BlobJson {
  readonly id: string;
  readonly type: string;
  readonly offset: number;
  readonly length: number;
  readonly uncompressed_length?: number;
}

export const encodeIndex = (packs: readonly IndexedPack[]): unknown => ({
  packs: packs.map(({ id, owner, entries }) => ({
    id,
    blobs: entries.map(encodeBlob),
    ...(owner && { [ownerField]: owner }),
  })),
});

const encodeBlob = ({ id, type, offset, length, plainLength, compressed }: PackEntry): BlobJson => ({
  id,
  type,
  offset,
  length,
  ...(compressed && { uncompressed_length: plainLength }),
});

/** Every location in an index document. Throws `RepositoryDamaged` where a field of restic's cannot be; `where` names the document. */
export function* decodeIndex(document: unknown, where: string): Generator<BlobLocation> {
  // A bare list of packs is restic's form until 0.2, which later ones still find in old repositories.
  const packs = isObject(document) && !Array.isArray(document) ? document.packs : document;
  if (!Array.isArray(packs)) throw damaged(`${where} is not an index in a form that restic ever had.`);
  for (const pack of packs) {
    if (!isObject(pack) || !isId(pack.id) || !Array.isArray(pack.blobs))
      throw damaged(`${where} has a pack that makes no sense.`);
    const owner = isOwner(pack[ownerField]) ? { owner: pack[ownerField] } : undefined;
    for (const blob of pack.blobs) yield { ...decodeBlob(pack.id, blob, where), ...owner };
  }
}

function decodeBlob(pack: Id, blob: unknown, where: string): BlobLocation {
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
  return { id, type, pack, offset, length, plainLength, compressed };
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

const isCount = (value: unknown, maximum: number): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= maximum;
