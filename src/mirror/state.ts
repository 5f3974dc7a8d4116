import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { idOf, isId } from "../repository/crypto.ts";
import { damaged, RepositoryError } from "../repository/errors.ts";
import { snapshotDocument } from "../repository/snapshots.ts";
import type { Id, Snapshot, SnapshotDocument } from "../repository/types.ts";
import { StorageError } from "../storage/errors.ts";
import { getIfPresent } from "../storage/get-if-present.ts";
import type { Storage } from "../storage/storage.ts";
import { layout, manifestKey } from "./layout.ts";

/**
 * The one object that says which manifest the mirror is of. Putting it is the moment at which a run takes effect.
 *
 * - `Beginning`: no run has got to its end yet. Whatever lies below `files/` is nobody's copy.
 * - `Settled`: every file of the manifest lies at its final key.
 * - `Settling`: the manifest counts; files that replace others, or came new, may still lie in `staging/<generation>/`, and files that are
 *   gone may still be there. `previous` is the manifest before, which tells what is to be done.
 */
export type MirrorState =
  | { readonly phase: "Beginning" }
  | { readonly phase: "Settled"; readonly manifest: Id }
  | { readonly phase: "Settling"; readonly manifest: Id; readonly previous: Id; readonly generation: string };

const format = 1;
const id = z.string().refine(isId);
const stateDocument = z.discriminatedUnion("phase", [
  z.object({ phase: z.literal("Beginning") }),
  z.object({ phase: z.literal("Settled"), manifest: id }),
  z.object({ phase: z.literal("Settling"), manifest: id, previous: id, generation: z.string().regex(/^[0-9a-f]+$/) }),
]);

/** Undefined where there is no mirror. Rejects with `RepositoryDamaged`, or with the store's error. */
export async function readState(storage: Storage): Promise<MirrorState | undefined> {
  const bytes = await getIfPresent(storage, layout.state);
  if (!bytes) return undefined;
  const where = `${layout.state} of the mirror ${storage.description}`;
  const document = parse(bytes, where);
  const version = (document as { format?: unknown } | null)?.format;
  if (typeof version === "number" && version > format) {
    throw new RepositoryError(
      "InvalidConfiguration",
      `The mirror ${storage.description} has format ${version}, and this program knows ${format}: use a newer one.`,
    );
  }
  const parsed = stateDocument.safeParse(document);
  if (!parsed.success) throw damaged(`${where} is not a mirror's state.`, parsed.error);
  return parsed.data;
}

/**
 * For a run, which removes what the state does not count: an answer that is behind must not make it remove what does. Rejects where two
 * answers differ.
 */
export async function readStateTwice(storage: Storage): Promise<MirrorState | undefined> {
  const [first, second] = [await readState(storage), await readState(storage)];
  if (isDeepStrictEqual(first, second)) return second;
  throw new StorageError(
    "Failed",
    `${storage.description} gave two different answers for ${layout.state}: nothing was changed. Run it again.`,
  );
}

export const writeState = (storage: Storage, state: MirrorState): Promise<void> =>
  storage.put(layout.state, Buffer.from(`${JSON.stringify({ format, ...state })}\n`));

/** A manifest is what a snapshot is in a repository, in the same form; in plain JSON. */
export async function readManifest(storage: Storage, manifest: Id): Promise<Snapshot> {
  const where = `${manifestKey(manifest)} of the mirror ${storage.description}`;
  const bytes = await getIfPresent(storage, manifestKey(manifest));
  if (!bytes) throw damaged(`${where} is missing.`);
  if (idOf(bytes) !== manifest) throw damaged(`${where} is damaged: its content does not fit its name.`);
  const parsed = snapshotDocument.safeParse(parse(bytes, where));
  if (!parsed.success) throw damaged(`${where} is no manifest.`, parsed.error);
  return { ...(parsed.data as SnapshotDocument), id: manifest };
}

export async function writeManifest(storage: Storage, document: SnapshotDocument): Promise<Snapshot> {
  const bytes = Buffer.from(`${JSON.stringify(document)}\n`);
  const manifest = idOf(bytes);
  await storage.put(manifestKey(manifest), bytes);
  return { ...document, id: manifest };
}

function parse(bytes: Buffer, where: string): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch (cause) {
    throw damaged(`${where} is not JSON.`, cause);
  }
}
