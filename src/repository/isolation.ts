import { damaged } from "./errors.ts";
import { fullOwner, type Owner, provenanceOf, scopeOf } from "./provenance.ts";
import { readTree } from "./tree.ts";
import type { BlobLocation, BlobType, Id, IndexedRepository, Snapshot } from "./types.ts";

/** A snapshot that may depend only on packs of certain owners. */
export interface IsolatedSnapshot {
  readonly snapshot: Snapshot;
  readonly scope: ReadonlySet<Owner>;
}

/** Those of the snapshots that may not depend on everybody's packs. */
export const isolatedAmong = (snapshots: readonly Snapshot[]): IsolatedSnapshot[] =>
  snapshots.flatMap((snapshot) => {
    const scope = scopeOf(provenanceOf(snapshot));
    return scope ? [{ snapshot, scope }] : [];
  });

/** A copy of a blob, as far as the choice between copies depends on it. */
export interface Copy {
  readonly owner: Owner | undefined;
  /** In the store, by the size of its pack. */
  readonly isPresent: boolean;
}

/**
 * The copy to depend on, as a position in `copies`; -1 where there is none in `scope`. The Full's comes first, because everybody
 * may depend on it; without a scope, then one whose owner is known.
 */
export function chooseCopy(copies: readonly Copy[], scope?: ReadonlySet<Owner>): number {
  const isAllowed = ({ owner, isPresent }: Copy): boolean =>
    isPresent && (!scope || (owner !== undefined && scope.has(owner)));
  const full = copies.findIndex((copy) => isAllowed(copy) && copy.owner === fullOwner);
  if (full >= 0) return full;
  const known = copies.findIndex((copy) => isAllowed(copy) && copy.owner !== undefined);
  return known >= 0 ? known : copies.findIndex(isAllowed);
}

export interface IsolationWalk {
  readonly repository: IndexedRepository;
  readonly isPresent: (location: BlobLocation) => boolean;
  readonly signal?: AbortSignal | undefined;
  /** Told of every blob of the snapshot, maybe more than once: all its copies' positions, and the one in scope, or -1. */
  readonly onBlob: (positions: readonly number[], chosen: number) => void;
}

/**
 * Visits what an isolated snapshot needs. What lies wholly in the Full's packs is visited once, by the first call, however many
 * Differentials share it: the function that is returned remembers it. It rejects with `RepositoryDamaged` where a blob is in no
 * index or a tree cannot be read.
 */
export function createIsolationWalk(walk: IsolationWalk): (isolated: IsolatedSnapshot) => Promise<void> {
  const { repository, isPresent, signal, onBlob } = walk;
  const { index, storage } = repository;
  /** By the position of a tree's first copy: it and all below it is the Full's. */
  const isFulls = new Uint8Array(index.size);

  const positionsOf = (id: Id, type: BlobType): number[] => {
    const positions = index.positions(id, type);
    if (positions.length > 0) return positions;
    throw damaged(`The ${type} blob ${id}, which a snapshot needs, is in no index of ${storage.description}.`);
  };

  return async ({ snapshot, scope }) => {
    const visited = new Set<number>();
    /** Returns whether the blob is the Full's. */
    const take = (positions: readonly number[]): boolean => {
      const locations = positions.map((position) => index.at(position));
      const copies = locations.map((location) => ({ owner: location.owner, isPresent: isPresent(location) }));
      const chosen = chooseCopy(copies, scope);
      onBlob(positions, chosen < 0 ? -1 : (positions[chosen] as number));
      return copies[chosen]?.owner === fullOwner;
    };
    const visit = async (tree: Id): Promise<boolean> => {
      const positions = positionsOf(tree, "tree");
      const first = positions[0] as number;
      if (isFulls[first]) return true;
      if (visited.has(first)) return false;
      signal?.throwIfAborted();
      let isAllFulls = take(positions);
      for (const { content = [], subtree } of await readTree(repository, tree)) {
        for (const id of content) isAllFulls = take(positionsOf(id, "data")) && isAllFulls;
        if (subtree) isAllFulls = (await visit(subtree)) && isAllFulls;
      }
      if (isAllFulls) isFulls[first] = 1;
      else visited.add(first);
      return isAllFulls;
    };
    await visit(snapshot.tree);
  };
}
