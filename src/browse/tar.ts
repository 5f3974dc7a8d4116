import type { TreeNode } from "../repository/types.ts";
import { newBreather } from "../restore/breathe.ts";
import type { Restorable } from "../restore/restorable.ts";
import { sameContent } from "../restore/same-content.ts";
import { walk } from "../restore/walk.ts";
import type { Folder } from "../system/folders.ts";
import { contentOf } from "./content.ts";
import type { Located } from "./locate.ts";
import { folderOf, pathOf } from "./paths.ts";
import { type Piece, streamPieces } from "./stream.ts";
import { endOfArchive, fitsTar, noHeader, padding, tarHeader } from "./tar-header.ts";

export interface TarOptions {
  readonly source: Restorable;
  readonly place: Located;
  readonly signal: AbortSignal;
  /** Told of each entry that has no place in an archive: a socket. */
  readonly onLeftOut: (path: Buffer, node: TreeNode) => void;
}

/**
 * A folder's content, or one file, as a tar archive in the pax format; names count from the folder (`./a/b`). Rejects with
 * `RepositoryDamaged` at the first thing that is not as it was: what came out until then is no archive for any `tar`. GNU tar says nothing
 * where an archive just stops behind an entry, so a block that is no header comes there; inside a content it would be taken for content, and
 * there tar misses the rest by itself. So it goes for whoever stops taking the bytes, and says so by `throw`.
 */
export async function* tarStream(options: TarOptions): AsyncGenerator<Buffer> {
  const { source, signal } = options;
  const ends = new Set<number>();
  let [at, isBetweenEntries] = [0, true];
  try {
    for await (const bytes of streamPieces({ source, pieces: pieces(options, ends), signal })) {
      at += bytes.length;
      isBetweenEntries = ends.delete(at);
      yield bytes;
    }
  } catch (error) {
    if (isBetweenEntries) yield noHeader();
    throw error;
  }
}

/** Adds to `ends` how many bytes there are up to the end of each entry, before its last one comes. */
async function* pieces(options: TarOptions, ends: Set<number>): AsyncGenerator<Piece> {
  let at = 0;
  const breathe = newBreather();
  const writer = entryWriter(options);
  for await (const entry of entries(options)) {
    await breathe();
    options.signal.throwIfAborted();
    let piece: Piece | undefined;
    for (const next of writer(entry)) {
      const length = Buffer.isBuffer(next) ? next.length : next.part.plainLength;
      // The padding of whole blocks: what came before is the last.
      if (length === 0) continue;
      if (piece) yield piece;
      piece = next;
      at += length;
    }
    if (!piece) continue;
    ends.add(at);
    yield piece;
  }
  yield endOfArchive();
}

interface Entry {
  readonly node: TreeNode;
  /** In the archive. */
  readonly path: Buffer;
  /** The folder that it lies in. */
  readonly folder: Folder;
}

async function* entries({ source, place }: TarOptions): AsyncGenerator<Entry> {
  const { node, tree, parts } = place;
  const root = folderOf(parts);
  if (node && node.type !== "dir") {
    const folder = root.parent ?? root;
    yield { node, folder, path: Buffer.concat([Buffer.from("./"), node.name]) };
    return;
  }
  if (node) yield { node, folder: root, path: Buffer.from("./") };
  if (!tree) return;
  const cut = parts.length === 0 ? 0 : pathOf(root).length;
  const archived = (path: Buffer, end = "") => Buffer.concat([Buffer.from("."), path.subarray(cut), Buffer.from(end)]);
  for await (const step of walk(source, { tree, node, only: undefined }, root)) {
    const { folder } = step;
    if (step.kind === "damaged") throw step.error;
    if (step.kind === "enter") yield { node: step.node, folder, path: archived(pathOf(folder), "/") };
    if (step.kind === "entry") yield { node: step.node, folder, path: archived(pathOf(folder, step.node.name)) };
  }
}

/** Remembers files with several names: the later ones are links to the first. */
function entryWriter({ source, onLeftOut }: TarOptions) {
  const linked = new Map<string, Entry>();
  return function* (entry: Entry): Generator<Piece> {
    const { node, folder, path } = entry;
    if (!fitsTar(node)) {
      onLeftOut(path, node);
      return;
    }
    const key = node.type === "file" && node.links > 1 && node.inode !== 0n ? `${node.deviceId}:${node.inode}` : "";
    const first = linked.get(key);
    // A file that changed between its two names being read is two files by now.
    if (first && sameContent(first.node, node)) {
      yield tarHeader({ node, path, sameAs: first.path });
      return;
    }
    if (key) linked.set(key, entry);
    const content = node.type === "file" ? contentOf(source, folder, node) : [];
    yield tarHeader({ node, path });
    yield* content;
    yield padding(node.type === "file" ? node.size : 0);
  };
}
