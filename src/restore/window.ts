import type { PackBlob } from "../repository/blobs.ts";
import { forEachConcurrently } from "../repository/concurrency.ts";
import type { BlobLocation, Id } from "../repository/types.ts";
import { displayPath } from "../system/folders.ts";
import type { FileWriter, PendingFile } from "./files.ts";
import type { Restorable } from "./restorable.ts";

interface Place {
  readonly file: PendingFile;
  readonly offset: number;
}

/** What one blob is needed for. */
interface Need {
  readonly location: BlobLocation;
  readonly places: Place[];
}

/**
 * Files that are fetched together, so that each pack is read once for all of them. A window is bounded: a volume of any
 * size is restored in the same memory.
 */
export interface Window {
  readonly packs: Map<Id, Map<Id, Need>>;
  readonly files: PendingFile[];
  /** Places that blobs are needed at. */
  places: number;
}

export const newWindow = (): Window => ({ packs: new Map(), files: [], places: 0 });

/** Packs that are fetched at the same time; each is up to 16 MiB, rarely more. */
const concurrentPacks = 4;

/** Blobs of a pack, behind the one that is written, whose files may be made meanwhile. */
const blobsAhead = 16;

/** Adds a file with its blobs' places; or says why its content cannot be what it was. */
export function planFile(
  repository: Restorable,
  window: Window,
  base: Pick<PendingFile, "folder" | "node">,
): { readonly file: PendingFile } | { readonly damage: string } {
  const located = repository.locate(base.folder, base.node);
  if ("damage" in located) return located;
  const { parts: locations, size } = located;
  const file: PendingFile = { ...base, size, missing: locations.length, state: "Planned" };
  window.files.push(file);
  let offset = 0;
  for (const location of locations) {
    needOf(window, location).places.push({ file, offset });
    offset += location.plainLength;
  }
  window.places += locations.length;
  return { file };
}

function needOf(window: Window, location: BlobLocation): Need {
  const pack = window.packs.get(location.pack) ?? new Map<Id, Need>();
  window.packs.set(location.pack, pack);
  const need = pack.get(location.id) ?? { location, places: [] };
  pack.set(location.id, need);
  return need;
}

export interface FetchOptions {
  readonly repository: Restorable;
  readonly window: Window;
  readonly writer: FileWriter;
  readonly onBytes: (count: number) => void;
  readonly signal: AbortSignal;
}

/** Fetches all blobs of the window and writes them. Rejects when the store fails, the target is full, or it is stopped. */
export async function fetchWindow(options: FetchOptions): Promise<void> {
  const { packs, files } = options.window;
  try {
    await forEachConcurrently(packs, concurrentPacks, ([pack, needs]) => fetchPack(options, pack, needs));
  } finally {
    await Promise.all(files.map(({ beingMade }) => beingMade));
  }
}

async function fetchPack(
  { repository, writer, onBytes, signal }: FetchOptions,
  pack: Id,
  needs: ReadonlyMap<Id, Need>,
): Promise<void> {
  const inOrder = [...needs.values()].sort((a, b) => a.location.offset - b.location.offset);
  const locations = inOrder.map(({ location }) => location);
  const coming = inOrder.values();
  const makeAhead = (blobs: number) => {
    for (const { places } of coming.take(blobs)) for (const { file } of places) writer.makeAhead?.(file);
  };
  makeAhead(blobsAhead);
  for await (const blob of repository.readParts(pack, locations)) {
    signal.throwIfAborted();
    makeAhead(1);
    const damage = damageOf(blob);
    for (const { file, offset } of needs.get(blob.location.id)?.places ?? []) {
      if (file.beingMade) await file.beingMade;
      if (damage !== undefined || "error" in blob) {
        const message = `${displayPath(file.folder, file.node.name)} cannot be restored: ${damage}`;
        writer.abandon(file, "RepositoryDamaged", message);
      } else {
        writer.write(file, offset, blob.plaintext);
        onBytes(blob.plaintext.length);
      }
    }
  }
}

/** Another copy may be longer than the index says this one is: then the places of what follows it are wrong. */
function damageOf(blob: PackBlob): string | undefined {
  if ("error" in blob) return blob.error.message;
  const { id, plainLength } = blob.location;
  if (blob.plaintext.length === plainLength) return undefined;
  return `the index says that its blob ${id} has ${plainLength} bytes, but it has ${blob.plaintext.length}.`;
}
