import type { PackBlob } from "../repository/blobs.ts";
import { displayPath } from "./display-path.ts";
import type { FileWriter } from "./files.ts";
import type { Place } from "./window.ts";

export interface DeliverOptions {
  readonly writer: FileWriter;
  /** Told of what was written, in bytes. */
  readonly onBytes: (count: number) => void;
}

/** Writes a blob to all its places; where there is none, their files are abandoned. */
export async function deliver(
  { writer, onBytes }: DeliverOptions,
  blob: PackBlob,
  places: readonly Place[],
): Promise<void> {
  const damage = damageOf(blob);
  for (const { file, offset } of places) {
    if (file.beingMade) await file.beingMade;
    if (damage !== undefined || "error" in blob) {
      const message = `${displayPath(file.folder, file.node.name)} cannot be restored: ${damage}`;
      writer.abandon(file, "error" in blob ? blob.error.reason : "RepositoryDamaged", message);
    } else {
      writer.write(file, offset, blob.plaintext);
      if (file.state !== "Failed") onBytes(blob.plaintext.length);
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
