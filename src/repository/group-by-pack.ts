import type { BlobIndex } from "./blob-index.ts";
import type { BlobLocation, Id } from "./types.ts";

/** The locations of an index by pack, four bytes each: an index of ten million blobs must not become as many objects. */
export interface PackGroups {
  readonly packs: readonly Id[];
  locationsOf(pack: Id): BlobLocation[];
}

export function groupByPack(index: BlobIndex): PackGroups {
  const packs = [...index.packs()];
  const numbers = new Map(packs.map((pack, number) => [pack, number]));
  const ends = new Uint32Array(packs.length + 1);
  for (const { pack } of index.locations()) ends[numberOf(pack) + 1] = (ends[numberOf(pack) + 1] ?? 0) + 1;
  for (let pack = 1; pack < ends.length; pack++) ends[pack] = (ends[pack] ?? 0) + (ends[pack - 1] ?? 0);
  const starts = ends.slice();
  const next = ends.slice();
  const positions = new Uint32Array(index.size);
  let position = 0;
  for (const { pack } of index.locations()) {
    const slot = next[numberOf(pack)] ?? 0;
    positions[slot] = position++;
    next[numberOf(pack)] = slot + 1;
  }
  function numberOf(pack: Id): number {
    return numbers.get(pack) as number;
  }
  return {
    packs,
    locationsOf(pack) {
      const number = numbers.get(pack);
      if (number === undefined) return [];
      return Array.from(positions.subarray(starts[number], starts[number + 1]), (at) => index.at(at));
    },
  };
}
