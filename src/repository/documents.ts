import { isStorageError } from "../storage/errors.ts";
import type { StoredObject } from "../storage/storage.ts";
import { compress, decompress } from "./compression.ts";
import { idOf, isId, seal, unseal } from "./crypto.ts";
import { damaged, RepositoryError } from "./errors.ts";
import { goJson } from "./go-json.ts";
import type { Id, Repository } from "./types.ts";
import { requireWritable } from "./writable.ts";

/** Sealed JSON documents, named by the SHA-256 of their stored bytes: indexes, snapshots and locks. */
export type DocumentFolder = "index" | "snapshots" | "locks";

/** First byte of a document that is compressed, since format 2. */
const compressedVersion = 2;
/** No document of ours comes near; one that claims more is not read into memory. */
const maximumBytes = 256 * 1024 * 1024;

export type Keyed = Pick<Repository, "storage" | "master" | "version">;

/** What is stored of a document: bytes, and the store's own date of it in milliseconds since 1970. */
export interface StoredDocument extends Omit<StoredObject, "key"> {
  readonly id: Id;
}

/** The documents in a folder, sorted by id. Files with other names are not ours and passed over. */
export async function listDocuments(repository: Keyed, folder: DocumentFolder): Promise<StoredDocument[]> {
  const found: StoredDocument[] = [];
  for await (const { key, ...stored } of repository.storage.list(`${folder}/`)) {
    const id = key.slice(folder.length + 1);
    if (isId(id)) found.push({ id, ...stored });
  }
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The parsed JSON. Rejects with `RepositoryDamaged` where it is damaged, and with the store's `NotFound` where it is gone. */
export async function readDocument(repository: Keyed, folder: DocumentFolder, id: Id): Promise<unknown> {
  const stored = await repository.storage.get(`${folder}/${id}`);
  return decodeDocument(repository, stored, id, `${folder}/${id} of ${repository.storage.description}`);
}

/** As `readDocument`; undefined where the document is not there (any more). */
export async function readDocumentIfPresent(repository: Keyed, folder: DocumentFolder, id: Id): Promise<unknown> {
  try {
    return await readDocument(repository, folder, id);
  } catch (error) {
    if (isStorageError(error, "NotFound")) return undefined;
    throw error;
  }
}

function decodeDocument(repository: Keyed, stored: Buffer, id: Id, where: string): unknown {
  const json = openDocument(repository, stored, id, where);
  try {
    return JSON.parse(json.toString());
  } catch (cause) {
    throw unreadable(where, cause);
  }
}

/** The JSON as it was written. */
function openDocument({ master }: Keyed, stored: Buffer, id: Id, where: string): Buffer {
  if (idOf(stored) !== id) throw damaged(`${where} is damaged: its content does not fit its name.`);
  const plaintext = unseal(master, stored);
  if (!plaintext) throw damaged(`${where} is damaged, or was written with another key.`);
  const first = plaintext[0];
  if (first === 0x7b || first === 0x5b) return plaintext;
  if (first !== compressedVersion) throw damaged(`${where} opens, but is in a format that this program does not know.`);
  try {
    return decompress(plaintext.subarray(1), maximumBytes);
  } catch (cause) {
    throw unreadable(where, cause);
  }
}

const unreadable = (where: string, cause: unknown): Error =>
  damaged(`${where} opens, but its content cannot be read.`, cause);

/** Stores a document and returns its id. What was encoded is decoded again before it is stored. */
export async function writeDocument(repository: Keyed, folder: DocumentFolder, value: unknown): Promise<Id> {
  const { id, bytes } = encodeDocument(repository, folder, value);
  await repository.storage.put(`${folder}/${id}`, bytes);
  return id;
}

/** A document as it is to be stored, for who has to know its id before that; each time another one. It was decoded again. */
export function encodeDocument(
  repository: Keyed,
  folder: DocumentFolder,
  value: unknown,
): { readonly id: Id; readonly bytes: Buffer } {
  if (folder !== "locks") requireWritable(repository);
  const json = Buffer.from(goJson(value));
  const plaintext = repository.version === 1 ? json : Buffer.concat([Buffer.of(compressedVersion), compress(json)]);
  const bytes = seal(repository.master, plaintext);
  const id = idOf(bytes);
  if (!openDocument(repository, bytes, id, `The new ${folder}/${id}`).equals(json)) {
    throw new RepositoryError(
      "InternalError",
      `The new ${folder}/${id} does not decode to what it was made from: this machine's memory or processor is not to be trusted.`,
    );
  }
  return { id, bytes };
}
