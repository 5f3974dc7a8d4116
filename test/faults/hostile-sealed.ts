import { compress, decompress } from "../../src/repository/compression.ts";
import { idOf, seal, sealOverhead, unseal } from "../../src/repository/crypto.ts";
import { encodeIndex } from "../../src/repository/index-format.ts";
import { encodeHeader, type PackEntry } from "../../src/repository/pack-format.ts";
import type { BlobType, Id, MasterKey } from "../../src/repository/types.ts";
import { rename } from "./hostile-bytes.ts";
import { type Objects, snapshotOf, type Victim } from "./hostile-repository.ts";

/** Repository files as somebody writes them who has the key: sealed well and named well, whatever they hold. */

/** A sealed document as its JSON text. */
export function readSealed(master: MasterKey, stored: Buffer): string {
  const plaintext = unseal(master, stored);
  if (!plaintext) throw new Error("The victim's own document does not open.");
  return (plaintext[0] === 2 ? decompress(plaintext.subarray(1), 1 << 28) : plaintext).toString();
}

export const sealText = (master: MasterKey, text: string | Buffer): Buffer =>
  seal(master, Buffer.concat([Buffer.of(2), compress(Buffer.from(text))]));

/** Replaces a document by another content. `config` keeps its name and is not compressed. */
export function replaceDocument({ master }: Victim, objects: Objects, key: string, text: string | Buffer): void {
  if (key === "config") objects.set(key, seal(master, Buffer.from(text)));
  else rename(objects, key, sealText(master, text));
}

export function addDocument({ master }: Victim, objects: Objects, folder: string, text: string | Buffer): Id {
  const stored = sealText(master, text);
  objects.set(`${folder}/${idOf(stored)}`, stored);
  return idOf(stored);
}

/** A blob of a pack, and what the header and the index say of it where that is not the truth. */
export interface CraftedBlob {
  readonly type: BlobType;
  readonly plaintext: Buffer;
  /** What is sealed, where it is not the plaintext itself. */
  readonly payload?: Buffer;
  readonly claims?: Partial<PackEntry>;
}

/** Stores a pack and an index of it. */
export function addPack(victim: Victim, objects: Objects, blobs: readonly CraftedBlob[]): Id {
  const entries: PackEntry[] = [];
  const parts: Buffer[] = [];
  let offset = 0;
  for (const { type, plaintext, payload, claims } of blobs) {
    const sealed = seal(victim.master, payload ?? plaintext);
    parts.push(sealed);
    const truth = { id: idOf(plaintext), type, offset, length: sealed.length };
    entries.push({ ...truth, plainLength: plaintext.length, compressed: payload !== undefined, ...claims });
    offset += sealed.length;
  }
  const pack = Buffer.concat([...parts, encodeHeader(victim.master, entries)]);
  const id = idOf(pack);
  objects.set(`data/${id.slice(0, 2)}/${id}`, pack);
  addDocument(victim, objects, "index", JSON.stringify(encodeIndex([{ id, entries }])));
  return id;
}

export const addSnapshot = (victim: Victim, objects: Objects, tree: Id): Id =>
  addDocument(victim, objects, "snapshots", JSON.stringify(snapshotOf(tree, 9)));

/** The newest snapshot's outer tree is `root`; the trees are stored beside those that are there. */
export function addTrees(victim: Victim, objects: Objects, root: Buffer, others: readonly Buffer[] = []): Id {
  addPack(
    victim,
    objects,
    [...others, root].map((plaintext) => ({ type: "tree", plaintext })),
  );
  return addSnapshot(victim, objects, idOf(root));
}

/** A pack's header and what the indexes say of the pack are both changed by `edit`, and the pack is named anew. */
export function editHeader(victim: Victim, objects: Objects, key: string, edit: (plaintext: Buffer) => Buffer): void {
  const pack = objects.get(key) as Buffer;
  const sealedLength = pack.readUInt32LE(pack.length - 4);
  const start = pack.length - 4 - sealedLength;
  const plaintext = unseal(victim.master, pack.subarray(start, pack.length - 4));
  if (!plaintext) throw new Error("The victim's own header does not open.");
  const sealed = seal(victim.master, edit(Buffer.from(plaintext)));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(sealed.length);
  const oldName = key.slice(-64);
  const newName = rename(objects, key, Buffer.concat([pack.subarray(0, start), sealed, length]));
  for (const index of [...objects.keys()].filter((name) => name.startsWith("index/"))) {
    const text = readSealed(victim.master, objects.get(index) as Buffer);
    if (text.includes(oldName)) replaceDocument(victim, objects, index, text.replaceAll(oldName, newName));
  }
}

export const sealedLengthOf = (plaintext: Buffer): number => plaintext.length + sealOverhead;
