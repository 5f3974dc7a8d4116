import { type SnapshotType, snapshotTypes } from "../contract/snapshot-type.ts";
import type { SnapshotDocument } from "./types.ts";

/**
 * Which run wrote what. A pack's owner stands in the index, a snapshot's type and owner in its tags: restic keeps tags, whatever
 * it does to a snapshot, but it forgets owners whenever it writes an index anew.
 */

/** The run that wrote a pack: `full` for the chain's Full, else an id of the run's own. */
export type Owner = string;

export const fullOwner: Owner = "full";

export interface Provenance {
  readonly type: SnapshotType;
  readonly owner: Owner;
}

/** The key of the tag that tells the type; the cluster's tags have it, too. */
export const typeKey = "type";
const typeTag = (type: SnapshotType): string => `${typeKey}=${type}`;
const ownerPrefix = "holdfast-owner=";

/** Lowercase letters and digits, so that no tool takes offence at it. */
const ownerPattern = /^[0-9a-z]{1,64}$/;
export const isOwner = (value: unknown): value is Owner => typeof value === "string" && ownerPattern.test(value);

/** Tags of the run with those of its provenance, which replace what was expected of it beforehand. */
export function withProvenance(tags: readonly string[], { type, owner }: Provenance): string[] {
  const ours = snapshotTypes.map(typeTag);
  const others = tags.filter((tag) => !ours.includes(tag) && !tag.startsWith(ownerPrefix));
  return [...others, typeTag(type), `${ownerPrefix}${owner}`];
}

/** Undefined where no run of ours wrote the snapshot, or somebody took its tags away. */
export function provenanceOf({ tags = [] }: Pick<SnapshotDocument, "tags">): Provenance | undefined {
  const type = snapshotTypes.find((each) => tags.includes(typeTag(each)));
  const owner = tags.find((tag) => tag.startsWith(ownerPrefix))?.slice(ownerPrefix.length);
  return type && isOwner(owner) ? { type, owner } : undefined;
}

/**
 * Whose packs a snapshot may depend on; undefined for everybody's. A Differential depends on the Full's data and its own, so
 * that it stays whole whatever becomes of the others.
 */
export function scopeOf(provenance: Provenance | undefined): ReadonlySet<Owner> | undefined {
  if (provenance?.type !== "Differential") return undefined;
  return new Set([fullOwner, provenance.owner]);
}
