import type { CheckOptions, ReadData } from "./check-options.ts";
import { checkPack } from "./check-pack.ts";
import { forEachConcurrently } from "./concurrency.ts";
import type { Findings } from "./findings.ts";
import type { PackGroups } from "./group-by-pack.ts";
import { createInspectionPool } from "./inspection-pool.ts";
import { listPacks } from "./list-packs.ts";
import { headerEntryBytes, packOverhead } from "./pack-format.ts";
import type { BlobLocation, Id, IndexedRepository } from "./types.ts";

/** Compares the packs in the store with those of the index, by their sizes, and returns those that are in both, with their sizes in the store. */
export async function comparePacks(
  { storage, index }: IndexedRepository,
  groups: PackGroups,
  findings: Findings,
): Promise<ReadonlyMap<Id, number>> {
  const stored = await listPacks(storage, groups.packs);
  const lost: Id[] = [];
  for (const pack of groups.packs) {
    const locations = groups.locationsOf(pack);
    const size = stored.get(pack);
    const expected = expectedSize(locations);
    if (size === expected) continue;
    if (size !== undefined) findings.problems.push(`pack ${pack} has ${size} bytes instead of ${expected}`);
    else lost.push(pack);
    for (const location of locations) {
      if (size === undefined || location.offset + location.length > size) findings.addDamagedCopy(location);
    }
  }
  for (const pack of lost) {
    const isNeeded = groups.locationsOf(pack).some(({ id, type }) => findings.isLost(index, id, type));
    if (isNeeded) findings.problems.push(`pack ${pack} is missing`);
    else findings.hints.push(`pack ${pack} is missing, but all of it was stored again elsewhere; prune forgets it.`);
  }
  const unreferenced = [...stored.keys()].filter((pack) => !index.hasPack(pack)).length;
  if (unreferenced > 0)
    findings.hints.push(
      `${unreferenced} packs are in no index: left by a run that did not finish; a prune (forget --prune) removes them.`,
    );
  return new Map(groups.packs.flatMap((pack) => (stored.has(pack) ? [[pack, stored.get(pack) ?? 0]] : [])));
}

/** Copies of one blob are equally long. Where the index says otherwise, it depends on the copy whether a file can be restored. */
export function compareCopies({ index }: IndexedRepository, findings: Findings): void {
  for (const { id, type, pack, plainLength } of index.contradictions()) {
    const first = index.find(id, type) as BlobLocation;
    findings.problems.push(
      `${type} blob ${id}: the index says that it has ${first.plainLength} bytes in pack ${first.pack}, ${plainLength} bytes in pack ${pack}`,
    );
  }
}

/** One pack may be in two index files, left so by a prune that was killed. */
function expectedSize(locations: readonly BlobLocation[]): number {
  const seen = new Set<number>();
  let size = packOverhead;
  for (const { offset, length, compressed } of locations) {
    if (seen.has(offset)) continue;
    seen.add(offset);
    size += length + headerEntryBytes(compressed);
  }
  return size;
}

export interface ReadOptions extends CheckOptions {
  readonly readData: ReadData;
  /** With their sizes in bytes. */
  readonly packs: ReadonlyMap<Id, number>;
}

/** Reads packs whole and compares every byte. Returns how many bytes that were. */
export async function readPacks(
  repository: IndexedRepository,
  groups: PackGroups,
  findings: Findings,
  options: ReadOptions,
): Promise<number> {
  const packs = [...options.packs].filter(([pack]) => isChosen(pack, options.readData));
  const plainBytes = packs.reduce((sum, [pack]) => sum + plainBytesOf(groups.locationsOf(pack)), 0);
  const inspections = createInspectionPool(repository.master, { plainBytes });
  let bytesRead = 0;
  let done = 0;
  try {
    await forEachConcurrently(packs, inspections.concurrency, async ([pack, size]) => {
      options.signal?.throwIfAborted();
      const toCheck = { pack, size, indexed: groups.locationsOf(pack) };
      const packBytes = await checkPack(toCheck, { repository, inspections, findings });
      bytesRead += packBytes;
      options.onProgress?.({ phase: "data", done: ++done, total: packs.length });
    });
  } finally {
    await inspections.close();
  }
  return bytesRead;
}

/** Ids are random, so that their first bytes divide packs into equal shares which stay the same from run to run. */
export const isChosen = (pack: Id, readData: ReadData): boolean =>
  typeof readData === "boolean" ? readData : Number.parseInt(pack.slice(0, 8), 16) % readData.of === readData.part - 1;

const plainBytesOf = (locations: readonly BlobLocation[]): number =>
  locations.reduce((sum, { plainLength }) => sum + plainLength, 0);
