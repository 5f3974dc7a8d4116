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

/** Fetches all blobs of the window and writes them. Rejects when the store fails, the target is full, or it is stopped. */
export async function fetchWindow(options: {
  readonly repository: Restorable;
  readonly window: Window;
  readonly writer: FileWriter;
  readonly onBytes: (count: number) => void;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { repository, window, writer, onBytes, signal } = options;
  await forEachConcurrently(window.packs, concurrentPacks, async ([pack, needs]) => {
    const locations = [...needs.values()].map(({ location }) => location);
    for await (const blob of repository.readParts(pack, locations)) {
      signal.throwIfAborted();
      const damage = damageOf(blob);
      for (const { file, offset } of needs.get(blob.location.id)?.places ?? []) {
        if (damage !== undefined || "error" in blob) {
          const message = `${displayPath(file.folder, file.node.name)} cannot be restored: ${damage}`;
          writer.abandon(file, "RepositoryDamaged", message);
        } else {
          writer.write(file, offset, blob.plaintext);
          onBytes(blob.plaintext.length);
        }
      }
    }
  });
}

/** Another copy may be longer than the index says this one is: then the places of what follows it are wrong. */
function damageOf(blob: PackBlob): string | undefined {
  if ("error" in blob) return blob.error.message;
  const { id, plainLength } = blob.location;
  if (blob.plaintext.length === plainLength) return undefined;
  return `the index says that its blob ${id} has ${plainLength} bytes, but it has ${blob.plaintext.length}.`;
}
