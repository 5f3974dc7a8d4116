import type { BackupTarget } from "../api/objects.ts";
import type { RepositoryLocation } from "../mover/contract.ts";
import { type CredentialMount, credentialPaths } from "./mover-pod.ts";

type Target = Pick<BackupTarget, "spec"> & { readonly metadata: { readonly name: string } };

/** `s3://bucket/prefix/...folders`: a folder in a target's store. */
export function storeUrl({ spec }: Target, ...folders: readonly string[]): string {
  const { bucket, prefix } = spec.s3;
  return `s3://${[bucket, ...(prefix ? [prefix] : []), ...folders].join("/")}`;
}

/** The folder of all chains of a volume, and that of one chain: one restic repository. */
export const volumeFolders = (namespace: string, pvc: string): readonly string[] => [namespace, pvc];
export const chainFolders = (namespace: string, pvc: string, chain: string): readonly string[] => [
  namespace,
  pvc,
  chain,
];

/** How a mover opens a folder of a target's store; its credentials are where `moverJob` mounts them. */
export function repositoryLocation(target: Target, ...folders: readonly string[]): RepositoryLocation {
  const { endpoint, region, forcePathStyle, caBundle, requestChecksums } = target.spec.s3;
  return {
    url: storeUrl(target, ...folders),
    s3: { endpoint, region, forcePathStyle, caBundle, requestChecksums },
    ...credentialPaths(target.metadata.name),
  };
}

/** The Secrets a mover needs for a target. */
export function credentialMount({ metadata, spec }: Target): CredentialMount {
  return {
    target: metadata.name,
    s3Secret: spec.s3.credentialsSecretRef.name,
    passwordSecret: spec.encryption.passwordSecretRef,
  };
}
