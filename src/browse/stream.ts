import { forEachConcurrently } from "../repository/concurrency.ts";
import { damaged, RepositoryError } from "../repository/errors.ts";
import type { BlobLocation, Id } from "../repository/types.ts";
import type { Restorable } from "../restore/restorable.ts";
import { shownPath } from "./paths.ts";

/** A piece of a stream: bytes as they are, or a part of the content of the file at `path`. */
export type Piece = Buffer | { readonly part: BlobLocation; readonly path: Buffer };

export interface StreamOptions {
  readonly source: Restorable;
  readonly pieces: Iterable<Piece> | AsyncIterable<Piece>;
  readonly signal: AbortSignal;
  /** Bytes that are fetched at once; another as many are under way while these are handed out. */
  readonly windowBytes?: number;
}

interface Window {
  readonly pieces: Piece[];
  /** Each blob once, by pack. */
  readonly packs: Map<Id, Map<Id, BlobLocation>>;
  bytes: number;
  /** Of the pieces, behind these. */
  failure?: { readonly error: unknown };
}

const concurrentPacks = 4;
const mostPieces = 8192;

/**
 * The bytes of all pieces, in order. Blobs are fetched a window ahead, each pack of a window with few requests, so that many
 * small files cost no request each; memory stays within two windows, however long the stream. Every blob is authenticated;
 * rejects, naming the file, with `RepositoryDamaged` at the first that is not as it should be, with `ObjectUnreadable` at one that the store does not
 * give out, and with the error of `pieces`; what comes before is handed out.
 */
export async function* streamPieces(options: StreamOptions): AsyncGenerator<Buffer> {
  const { source, pieces, signal, windowBytes = 16 * 1024 * 1024 } = options;
  let fetched: Promise<Fetched> | undefined;
  try {
    for await (const window of windows(pieces, windowBytes)) {
      signal.throwIfAborted();
      const next = quietly(fetchWindow(source, window, signal));
      if (fetched) yield* inOrder(await fetched);
      fetched = next;
    }
    if (fetched) yield* inOrder(await fetched);
  } finally {
    // Whoever stopped listening does not wait for what is under way, and its errors are nobody's.
    fetched = undefined;
  }
}

async function* windows(pieces: StreamOptions["pieces"], windowBytes: number): AsyncGenerator<Window> {
  let window = newWindow();
  try {
    for await (const piece of pieces) {
      add(window, piece);
      if (window.bytes < windowBytes && window.pieces.length < mostPieces) continue;
      yield window;
      window = newWindow();
    }
  } catch (error) {
    window.failure = { error };
  }
  if (window.pieces.length > 0 || window.failure) yield window;
}

const newWindow = (): Window => ({ pieces: [], packs: new Map(), bytes: 0 });

function add(window: Window, piece: Piece): void {
  window.pieces.push(piece);
  if (Buffer.isBuffer(piece)) {
    window.bytes += piece.length;
    return;
  }
  const { part } = piece;
  const pack = window.packs.get(part.pack) ?? new Map<Id, BlobLocation>();
  window.packs.set(part.pack, pack);
  if (pack.has(part.id)) return;
  pack.set(part.id, part);
  window.bytes += part.plainLength;
}

interface Fetched {
  readonly window: Window;
  readonly blobs: ReadonlyMap<Id, Buffer | RepositoryError>;
}

async function fetchWindow(source: Restorable, window: Window, signal: AbortSignal): Promise<Fetched> {
  const blobs = new Map<Id, Buffer | RepositoryError>();
  await forEachConcurrently(window.packs, concurrentPacks, async ([pack, wanted]) => {
    for await (const blob of source.readParts(pack, [...wanted.values()])) {
      signal.throwIfAborted();
      blobs.set(blob.location.id, "error" in blob ? blob.error : Buffer.from(blob.plaintext));
    }
  });
  return { window, blobs };
}

function* inOrder({ window, blobs }: Fetched): Generator<Buffer> {
  for (const piece of window.pieces) yield Buffer.isBuffer(piece) ? piece : plaintextOf(piece, blobs);
  if (window.failure) throw window.failure.error;
}

/** Another copy may be longer than the index says this one is: then the stream would not be what was announced. */
function plaintextOf({ part, path }: Exclude<Piece, Buffer>, blobs: Fetched["blobs"]): Buffer {
  const found = blobs.get(part.id);
  if (Buffer.isBuffer(found) && found.length === part.plainLength) return found;
  const what = `${shownPath(path)} cannot be read`;
  if (found instanceof RepositoryError)
    throw new RepositoryError(found.reason, `${what}: ${found.message}`, { cause: found });
  throw damaged(`${what}: its blob ${part.id} is not as long as the index says.`);
}

/** A failure is thrown where the window's turn comes, and is no unhandled one until then. */
function quietly<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
