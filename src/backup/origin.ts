import { hash, randomBytes } from "node:crypto";
import type { SnapshotType } from "../contract/snapshot-type.ts";
import { fullOwner, type Owner, type Provenance, scopeOf } from "../repository/provenance.ts";

export interface Origin {
  readonly provenance: Provenance;
  /** Whose blobs the run may build on; everybody's where it is absent. */
  readonly scope: ReadonlySet<Owner> | undefined;
}

/**
 * What a run is on one target, and what it may build on. The first snapshot of a repository is its Full, and builds on what an
 * earlier attempt at a Full left behind; a Differential builds on the Full and on itself.
 */
export function chooseOrigin(options: {
  /** What the run was to be. */
  readonly type: SnapshotType;
  readonly isFirst: boolean;
  /** The same for every attempt at a run, so that a later one goes on with what an earlier one stored. */
  readonly runTag?: string | undefined;
}): Origin {
  const { type, isFirst, runTag } = options;
  if (isFirst) return { provenance: { type: "Full", owner: fullOwner }, scope: new Set([fullOwner]) };
  const owner = runTag === undefined ? randomBytes(16).toString("hex") : hash("sha256", runTag).slice(0, 32);
  const provenance = { type: type === "Differential" ? type : "Incremental", owner } as const;
  return { provenance, scope: scopeOf(provenance) };
}
