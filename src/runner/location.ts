import type { BackupTarget } from "../api/objects.ts";
import type { Copy } from "../api/restorepoint.ts";
import type { RepositoryLocation } from "../contract/configs.ts";
import { chainPath, mirrorChain, volumePath } from "../policy/chains.ts";
import { type CredentialMount, credentialPaths } from "./mover-pod.ts";

type Target = Pick<BackupTarget, "spec"> & { readonly metadata: { readonly name: string } };

/** The place below which a target keeps everything: its bucket and prefix. For probing; no repository is made there. */
export const storeLocation = (target: Target): RepositoryLocation => locationAt(target, target.spec.s3.prefix ?? "");

/** A chain of a volume: one restic repository. */
export const chainLocation = (target: Target, namespace: string, pvc: string, chain: string): RepositoryLocation =>
  locationAt(target, chainPath({ prefix: target.spec.s3.prefix, namespace, pvc, chain }));

/** The folder of all chains of a volume. */
export const volumeUrl = (target: Target, namespace: string, pvc: string): string =>
  urlAt(target, volumePath({ prefix: target.spec.s3.prefix, namespace, pvc }));

/**
 * A chain's repository as plain restic takes it: `s3:https://host/bucket/prefix/…`. Without an endpoint it is AWS, where
 * restic wants the region's own host. A mirror is no repository: it is given as our command line takes it.
 */
export function resticRepository(target: Target, namespace: string, pvc: string, chain: string): string {
  if (chain === mirrorChain) return chainLocation(target, namespace, pvc, chain).url;
  const { endpoint, region, bucket, prefix } = target.spec.s3;
  const host = (endpoint ?? `https://s3.${region}.amazonaws.com`).replace(/\/$/, "");
  return `s3:${host}/${bucket}/${chainPath({ prefix, namespace, pvc, chain })}`;
}

/**
 * Whether a copy lies where its target keeps that chain today, `place`. After the target was given another bucket, prefix or endpoint it does not, until a
 * run has found it there, or the target is changed back. One that does not say where it lies is believed.
 */
export const isInPlace = ({ repository }: Pick<Copy, "repository">, place: string): boolean =>
  repository === undefined || repository === place;

/** The Secrets that a mover needs for a target; `moverJob` mounts them where the locations say. */
export function credentialMount({ metadata, spec }: Target): CredentialMount {
  return {
    target: metadata.name,
    s3Secret: spec.s3.credentialsSecretRef.name,
    passwordSecret: spec.encryption.passwordSecretRef,
  };
}

function locationAt(target: Target, path: string): RepositoryLocation {
  const { endpoint, region, forcePathStyle, caBundle, requestChecksums } = target.spec.s3;
  return {
    url: urlAt(target, path),
    s3: { endpoint, region, forcePathStyle, caBundle, requestChecksums },
    ...credentialPaths(target.metadata.name),
  };
}

const urlAt = ({ spec }: Target, path: string): string => `s3://${[spec.s3.bucket, path].filter(Boolean).join("/")}`;
