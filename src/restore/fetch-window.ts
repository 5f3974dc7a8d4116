import { forEachConcurrently } from "../repository/concurrency.ts";
import type { Id } from "../repository/types.ts";
import { type DeliverOptions, deliver } from "./deliver.ts";
import { fetchSealed, mostPlaces } from "./fetch-sealed.ts";
import type { FileWriter, LendingFileWriter } from "./files.ts";
import type { LazyPartWriters } from "./part-writers.ts";
import type { Restorable } from "./restorable.ts";
import type { Need, Window } from "./window.ts";

/** Packs that are fetched at the same time; each is up to 16 MiB, rarely more. */
const concurrentPacks = 6;
/** Blobs of a pack, behind the one that is written, whose files may be made meanwhile. */
const blobsAhead = 16;
/** Plain bytes that a blob has on average, at least, in a pack that is worth handing to a thread. */
const largeBytes = 128 * 1024;

interface WhatToFetch {
  readonly repository: Restorable;
  readonly window: Window;
  readonly onBytes: DeliverOptions["onBytes"];
  readonly signal: AbortSignal;
}

/** With `writers`, threads write large parts; without, this one writes everything. */
export type FetchOptions = WhatToFetch &
  (
    | { readonly writer: FileWriter; readonly writers?: undefined }
    | { readonly writer: LendingFileWriter; readonly writers: LazyPartWriters }
  );

type Needs = ReadonlyMap<Id, Need>;

/** Fetches all blobs of the window and writes them. Rejects when the store fails, the target is full, or it is stopped. */
export async function fetchWindow(options: FetchOptions): Promise<void> {
  const { repository, window, signal, onBytes } = options;
  const { sealed } = repository;
  const pool = sealed && options.writers?.startFor(largePartsOf(window));
  const inThreads = pool && options.writers && { sealed, pool, writer: options.writer, signal, onBytes };
  try {
    await forEachConcurrently(window.packs, concurrentPacks, ([pack, needs]) =>
      inThreads && isOfLarge(needs) ? fetchSealed(inThreads, pack, needs) : fetchPack(options, pack, needs),
    );
  } finally {
    await Promise.all(window.files.map(({ beingMade }) => beingMade));
  }
}

const plainBytes = (needs: Needs): number =>
  needs.values().reduce((sum, { location }) => sum + location.plainLength, 0);

/** Where blobs are small, most of the time goes into making files, which is this thread's work anyhow. */
const isOfLarge = (needs: Needs): boolean =>
  plainBytes(needs) >= needs.size * largeBytes && needs.values().every(({ places }) => places.length <= mostPlaces);

const largePartsOf = ({ packs }: Window): number =>
  packs
    .values()
    .filter(isOfLarge)
    .reduce((sum, needs) => sum + plainBytes(needs), 0);

async function fetchPack(options: FetchOptions, pack: Id, needs: Needs): Promise<void> {
  const { repository, writer, signal } = options;
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
    await deliver(options, blob, needs.get(blob.location.id)?.places ?? []);
  }
}
