import {
  type BackupPolicy,
  type BackupTarget,
  InvalidObjectError,
  parseBackupPolicy,
  parseBackupTarget,
} from "../api/objects.ts";
import { backupPolicies, backupTargets } from "../kube/holdfast.ts";
import { namespaces, persistentVolumeClaims, persistentVolumes, storageClasses } from "../kube/resources.ts";
import type { PersistentVolume, PersistentVolumeClaim, StorageClass, Stored } from "../kube/types.ts";
import type { RunContext } from "./context.ts";
import { runReason } from "./contract.ts";
import { RunFailure } from "./failure.ts";

/** Runs a parser of `api/objects.ts`; what it refuses is the user's to mend, not an internal error. */
export function parsed<T>(parse: (raw: unknown) => T, raw: unknown): T {
  try {
    return parse(raw);
  } catch (error) {
    if (error instanceof InvalidObjectError) throw new RunFailure(runReason.policyInvalid, error.message, error);
    throw error;
  }
}

/** The policy of this name. Throws `PolicyNotFound` or `PolicyInvalid`. */
export async function loadPolicy({ client, identity }: RunContext, name: string): Promise<BackupPolicy> {
  const raw = await client.find(backupPolicies, { namespace: identity.namespace, name });
  if (!raw) {
    throw new RunFailure(
      runReason.policyNotFound,
      `there is no BackupPolicy "${name}" in namespace ${identity.namespace}; make it, or remove what refers to it`,
    );
  }
  return parsed(parseBackupPolicy, raw);
}

/** The targets that exist and can be read, in the order asked for, and what is wrong with the others. */
export async function loadTargets({ client, identity }: RunContext, names: readonly string[]) {
  const targets: BackupTarget[] = [];
  const failures: { readonly target: string; readonly reason: string; readonly message: string }[] = [];
  for (const name of names) {
    const raw = await client.find(backupTargets, { namespace: identity.namespace, name });
    if (!raw) {
      const message = `there is no BackupTarget "${name}" in namespace ${identity.namespace}; make it, or take it out of the schedule's targets`;
      failures.push({ target: name, reason: runReason.targetNotFound, message });
      continue;
    }
    try {
      targets.push(parseBackupTarget(raw));
    } catch (error) {
      if (!(error instanceof InvalidObjectError)) throw error;
      failures.push({ target: name, reason: runReason.targetInvalid, message: error.message });
    }
  }
  return { targets, failures };
}

/** One target that has to exist. Throws `TargetNotFound` or `TargetInvalid`. */
export async function loadTarget(context: RunContext, name: string): Promise<BackupTarget> {
  const { targets, failures } = await loadTargets(context, [name]);
  const [target] = targets;
  if (target) return target;
  const { reason, message } = failures[0] ?? { reason: runReason.internalError, message: `no target ${name}` };
  throw new RunFailure(reason, message);
}

/** Tells this cluster's snapshots from another's in the same store. */
export const loadClusterUid = async ({ client }: RunContext): Promise<string> =>
  (await client.get(namespaces, { name: "kube-system" })).metadata.uid;

export const loadClaim = ({ client, identity }: RunContext, name: string) =>
  client.find(persistentVolumeClaims, { namespace: identity.namespace, name });

/** The volume behind a bound PVC. Throws `VolumeNotBound` where there is none. */
export async function loadVolume(
  { client }: RunContext,
  claim: PersistentVolumeClaim,
): Promise<Stored<PersistentVolume>> {
  const name = claim.spec?.volumeName;
  const volume = name ? await client.find(persistentVolumes, { name }) : undefined;
  if (volume) return volume;
  throw new RunFailure(
    runReason.volumeNotBound,
    `PVC ${claim.metadata.name} has no volume behind it${name ? ` (${name} is gone)` : ""}, so there is nothing to back up`,
  );
}

export const loadStorageClasses = async ({ client }: RunContext): Promise<readonly StorageClass[]> =>
  (await client.list(storageClasses)).items;
