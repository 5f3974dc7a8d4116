import { group, type KindName, kinds, version } from "../api/kinds.ts";
import type { BackupPolicy, BackupTarget, Restore, RestorePoint, RestoreTest } from "../api/objects.ts";
import type { Resource } from "./resources.ts";
import type { KubeObject } from "./types.ts";

const ours = <T extends KubeObject>(kind: KindName): Resource<T> => ({
  group,
  version,
  kind,
  plural: kinds[kind].plural,
  namespaced: true,
});

/** Where our own kinds live in the API. What is read is raw: `api/objects.ts` checks it and fills in the defaults. */
export const backupTargets = ours<BackupTarget>("BackupTarget");
export const backupPolicies = ours<BackupPolicy>("BackupPolicy");
export const restorePoints = ours<RestorePoint>("RestorePoint");
export const restores = ours<Restore>("Restore");
export const restoreTests = ours<RestoreTest>("RestoreTest");
