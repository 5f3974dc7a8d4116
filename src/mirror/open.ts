import { RepositoryError } from "../repository/errors.ts";
import type { Snapshot } from "../repository/types.ts";
import type { Storage } from "../storage/storage.ts";
import { objectOf, stagedKey } from "./layout.ts";
import { type MirrorContent, mirrorRestorable, type ReaderStart } from "./restorable.ts";
import { stagedKeys } from "./settle.ts";
import { readManifest, readState } from "./state.ts";
import { openTrees } from "./trees.ts";

export interface OpenMirror extends MirrorContent {
  readonly manifest: Snapshot;
  /** An interrupted run has still to bring files to their places. */
  readonly isSettling: boolean;
}

/** Whether this place holds a mirror, finished or not. Rejects with the store's error. */
export const isMirror = async (storage: Storage): Promise<boolean> => (await readState(storage)) !== undefined;

/** The mirror as its newest whole run left it. Hold a lock while using it. Rejects with `RepositoryNotFound` or `RepositoryDamaged`. */
export async function openMirror(storage: Storage, from: ReaderStart = "MirroredFolder"): Promise<OpenMirror> {
  const state = await readState(storage);
  if (!state || state.phase === "Beginning") {
    const what = state ? "is a mirror that no run has finished yet" : "is no mirror";
    throw new RepositoryError("RepositoryNotFound", `${storage.description} ${what}: there is nothing to restore.`);
  }
  const manifest = await readManifest(storage, state.manifest);
  const staged = state.phase === "Settling" ? await stagedKeys(storage, state.generation) : new Set<string>();
  const restorable = mirrorRestorable(storage, openTrees(storage), from, (node, path) => {
    const waiting = state.phase === "Settling" ? stagedKey(state.generation, path) : "";
    return staged.has(waiting) ? waiting : objectOf(node, path);
  });
  return { ...restorable, manifest, isSettling: state.phase === "Settling" };
}

/** The manifest by `latest`, or its id or the beginning of it. Throws `SnapshotNotFound`: a mirror has no older ones. */
export function assertNamed({ manifest }: OpenMirror, name: string, where: string): void {
  if (name === "latest" || (name !== "" && manifest.id.startsWith(name))) return;
  throw new RepositoryError(
    "SnapshotNotFound",
    `The mirror ${where} is ${manifest.id} of ${manifest.time} now, and not ${name}: a mirror keeps no older state.`,
  );
}
