import { readSealedGroups } from "./blobs.ts";
import { isGoodBlob } from "./pack-format.ts";
import type { Id, IndexedRepository } from "./types.ts";
import { type Usage, usage } from "./usage.ts";

export interface ProofOptions {
  readonly repository: IndexedRepository;
  /** Changed where a copy that was to stay is no good: then all copies of that blob stay. */
  readonly found: Usage;
  /** Packs that are about to go, or to be written anew without their spare copies. */
  readonly leaving: ReadonlySet<Id>;
  /** By position: was read and is good. Kept between calls. */
  readonly isProven: Uint8Array;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/**
 * Reads the copies that stay for those that are about to go: a spare copy may be the only good one. Returns whether all of them
 * are good; else `found` has changed, and the plan has to be made again. Costs as much reading as the spare copies have bytes.
 */
export async function proveCopies(options: ProofOptions): Promise<boolean> {
  const { repository, found, isProven, signal, onProgress } = options;
  const { index } = repository;
  const packs = copiesToRead(options);
  let areGood = true;
  let done = 0;
  for (const [pack, positions] of packs) {
    signal.throwIfAborted();
    onProgress(done++, packs.size);
    const locations = positions.map((position) => ({ ...index.at(position), position }));
    for await (const { location, sealed } of readSealedGroups(repository, pack, locations)) {
      const { id, type, position } = location;
      if (sealed && isGoodBlob(repository.master, sealed, location)) {
        isProven[position] = 1;
        continue;
      }
      areGood = false;
      for (const copy of index.positions(id, type)) found[copy] = usage.needed;
    }
  }
  return areGood;
}

/** One copy that stays for each blob with a spare one that leaves, by pack. */
function copiesToRead({ repository: { index }, found, leaving, isProven }: ProofOptions): Map<Id, number[]> {
  const packs = new Map<Id, number[]>();
  const isChosen = new Uint8Array(index.size);
  let position = -1;
  for (const { id, type, pack } of index.locations()) {
    position++;
    if (found[position] !== usage.spare || !leaving.has(pack)) continue;
    const staying = index.positions(id, type).find((each) => found[each] === usage.needed) as number;
    if (isProven[staying] || isChosen[staying]) continue;
    isChosen[staying] = 1;
    const keeper = index.at(staying).pack;
    const others = packs.get(keeper);
    if (others) others.push(staying);
    else packs.set(keeper, [staying]);
  }
  return packs;
}
