import type { BlobLocation, Id } from "../repository/types.ts";
import type { PendingFile } from "./files.ts";
import type { Restorable } from "./restorable.ts";

export interface Place {
  readonly file: PendingFile;
  readonly offset: number;
}

/** What one blob is needed for. */
export interface Need {
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
