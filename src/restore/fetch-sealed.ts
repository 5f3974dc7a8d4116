import { forEachConcurrently } from "../repository/concurrency.ts";
import { divide, pieceOf, type StoredPiece } from "../repository/pieces.ts";
import type { BlobLocation, Id } from "../repository/types.ts";
import { type DeliverOptions, deliver } from "./deliver.ts";
import type { LendingFileWriter, PendingFile } from "./files.ts";
import type { PartWriters } from "./part-writers.ts";
import type { SealedParts } from "./restorable.ts";
import type { Need, Place } from "./window.ts";
import type { OpenPlace, SealedPart, WriteFailure } from "./write-parts.ts";

interface FetchSealedOptions extends DeliverOptions {
  readonly writer: LendingFileWriter;
  readonly sealed: SealedParts;
  readonly pool: PartWriters;
  readonly signal: AbortSignal;
}

/** Plain bytes that are handed to a thread at once: so few that no thread has much more to do than the others in the end. */
const pieceBytes = 16 * 1024 * 1024;
/** Places that the blobs of a piece belong to, at most: bounds the files that are open, and what is handed over. Few pieces of large blobs have more. */
export const mostPlaces = 128;
/** Of what was fetched of one pack with one request, where it is so much longer when it is decompressed that it was divided. */
const concurrentPieces = 2;

/** Fetches blobs of a pack and has them opened and written, by a thread that is free or else by this one. */
export async function fetchSealed(options: FetchSealedOptions, pack: Id, needs: ReadonlyMap<Id, Need>): Promise<void> {
  const { sealed, signal } = options;
  const locations = [...needs.values()].map(({ location }) => location);
  for await (const { locations: found, start, bytes } of sealed.read(pack, locations)) {
    const placesOf = ({ id }: BlobLocation): number => needs.get(id)?.places.length ?? 0;
    const pieces = divide(found, pieceBytes).flatMap((piece) => divide(piece, mostPlaces, placesOf));
    await forEachConcurrently(pieces, concurrentPieces, async (piece) => {
      signal.throwIfAborted();
      const wanted = piece.flatMap(({ id }) => needs.get(id) ?? []);
      const damaged = bytes ? await writePiece(options, pieceOf(bytes, start, piece), wanted) : wanted;
      for (const { location, places } of damaged) {
        signal.throwIfAborted();
        await deliver(options, await sealed.readElsewhere(location), places);
      }
    });
  }
}

/** Returns what could not be written because it is damaged. The files are this thread's: it lends their descriptors. */
async function writePiece(
  { sealed: { master }, writer, pool, onBytes }: FetchSealedOptions,
  { bytes, start }: StoredPiece,
  needs: readonly Need[],
): Promise<Need[]> {
  const loan = lend(writer);
  try {
    const lent: LentPart[] = [];
    for (const need of needs) lent.push(await loan.part(need, start));
    const parts = lent.map(({ part }) => part);
    const answers = await pool.carryOut({ master, bytes, parts });
    return lent.flatMap(({ need, places }, number) => {
      const answer = answers[number] ?? "Damaged";
      if (answer === "Damaged") return places.length > 0 ? [need] : [];
      for (const [at, { file }] of places.entries()) {
        const outcome = answer[at] ?? nothingTold;
        if (outcome === "Written") {
          loan.written(file);
          onBytes(need.location.plainLength);
        } else writer.fail(file, asError(outcome));
      }
      return [];
    });
  } finally {
    loan.takeBack();
  }
}

const nothingTold: WriteFailure = { code: undefined, message: "nobody told what became of it" };
const asError = ({ code, message }: WriteFailure): Error => Object.assign(new Error(message), { code });

/** A part with the places whose files are open. */
interface LentPart {
  readonly need: Need;
  readonly places: readonly Place[];
  readonly part: SealedPart;
}

/** Opens each file once for all its parts, until it is taken back. */
function lend(writer: LendingFileWriter) {
  const files = new Map<PendingFile, { readonly descriptor: number | undefined; written: number }>();
  const open = async (file: PendingFile): Promise<number | undefined> => {
    if (file.beingMade) await file.beingMade;
    const known = files.get(file) ?? { descriptor: writer.lend(file), written: 0 };
    files.set(file, known);
    return known.descriptor;
  };
  return {
    async part(need: Need, start: number): Promise<LentPart> {
      const places: Place[] = [];
      const openPlaces: OpenPlace[] = [];
      for (const place of need.places) {
        const descriptor = await open(place.file);
        if (descriptor === undefined) continue;
        places.push(place);
        openPlaces.push({ descriptor, position: place.offset });
      }
      const { location } = need;
      return { need, places, part: { location, offset: location.offset - start, places: openPlaces } };
    },
    written(file: PendingFile): void {
      const known = files.get(file);
      if (known) known.written++;
    },
    takeBack(): void {
      let failure: { readonly error: unknown } | undefined;
      for (const [file, { descriptor, written }] of files) {
        if (descriptor === undefined) continue;
        try {
          writer.takeBack(file, written);
        } catch (error) {
          failure ??= { error };
        }
      }
      if (failure) throw failure.error;
    },
  };
}
