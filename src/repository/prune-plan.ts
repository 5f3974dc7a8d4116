import type { BlobIndex } from "./blob-index.ts";
import { headerEntryBytes, packOverhead } from "./pack-format.ts";
import type { Id } from "./types.ts";
import { type Usage, usage } from "./usage.ts";

/** What a pack holds according to the index. Bytes as stored, header entries included; spare copies count as unused. */
export interface PackUsage {
  used: number;
  unused: number;
}

export interface PrunePlan {
  /** Packs of the index with nothing in use. */
  readonly remove: ReadonlySet<Id>;
  /** Packs whose used blobs move to new packs. */
  readonly rewrite: ReadonlySet<Id>;
  /** Packs in the store that no index knows: left by a run that was killed. */
  readonly unreferenced: ReadonlySet<Id>;
  /** Packs of the index that are not in the store. */
  readonly missing: ReadonlySet<Id>;
}

export interface PlanOptions {
  readonly usage: ReadonlyMap<Id, PackUsage>;
  /** Packs in the store and their sizes. */
  readonly stored: ReadonlyMap<Id, number>;
  /** Unused bytes that may stay, as a share of the used ones: rewriting packs for little gain costs more than it frees. */
  readonly maxUnusedShare: number;
}

export function measurePacks(index: BlobIndex, found: Usage): Map<Id, PackUsage> {
  const packs = new Map<Id, PackUsage>();
  let position = 0;
  for (const { pack, length, compressed } of index.locations()) {
    const measured = packs.get(pack) ?? { used: 0, unused: 0 };
    packs.set(pack, measured);
    const bytes = length + headerEntryBytes(compressed);
    if (found[position] === usage.needed) measured.used += bytes;
    else measured.unused += bytes;
    position++;
  }
  return packs;
}

/** Rewrites the packs that waste most of themselves first, until what is left is within the limit. */
export function planPrune({ usage, stored, maxUnusedShare }: PlanOptions): PrunePlan {
  const remove = new Set<Id>();
  const missing = new Set<Id>();
  const partlyUsed: [Id, PackUsage][] = [];
  let used = 0;
  let unused = 0;
  for (const [pack, measured] of usage) {
    if (!stored.has(pack)) missing.add(pack);
    else if (measured.used === 0) remove.add(pack);
    else {
      used += measured.used;
      unused += measured.unused;
      if (measured.unused > 0) partlyUsed.push([pack, measured]);
    }
  }
  const wasted = ([, pack]: [Id, PackUsage]): number => pack.unused / (pack.used + pack.unused + packOverhead);
  partlyUsed.sort((a, b) => wasted(b) - wasted(a));
  const rewrite = new Set<Id>();
  for (const [pack, measured] of partlyUsed) {
    if (unused <= used * maxUnusedShare) break;
    rewrite.add(pack);
    unused -= measured.unused;
  }
  const unreferenced = new Set([...stored.keys()].filter((pack) => !usage.has(pack)));
  return { remove, rewrite, unreferenced, missing };
}
