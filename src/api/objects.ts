import type { z } from "zod";
import { apiVersion, type KindName } from "./kinds.ts";
import { type PolicySpec, type PolicyStatus, policySpec } from "./policy.ts";
import { type RestoreSpec, type RestoreStatus, restoreSpec } from "./restore.ts";
import { type RestorePointSpec, type RestorePointStatus, restorePointSpec } from "./restorepoint.ts";
import { type RestoreTestSpec, type RestoreTestStatus, restoreTestSpec } from "./restoretest.ts";
import { type TargetSpec, type TargetStatus, targetSpec } from "./target.ts";

/** The part of `metav1.ObjectMeta` that Holdfast reads. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** One of our objects as the API server sends it, its `spec` with all defaults applied. */
export interface KubeObject<Spec, Status> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
  readonly status?: Status;
}

export type BackupTarget = KubeObject<TargetSpec, TargetStatus>;
export type BackupPolicy = KubeObject<PolicySpec, PolicyStatus>;
export type RestorePoint = KubeObject<RestorePointSpec, RestorePointStatus>;
export type Restore = KubeObject<RestoreSpec, RestoreStatus>;
export type RestoreTest = KubeObject<RestoreTestSpec, RestoreTestStatus>;

/** An object of ours that does not fit its schema: it was written past the API server's checks, or by another version. */
export class InvalidObjectError extends Error {
  override readonly name = "InvalidObjectError";
}

const parser =
  <Spec, Status>(kind: KindName, specSchema: z.ZodType<Spec>) =>
  (raw: unknown): KubeObject<Spec, Status> => {
    const object = raw as KubeObject<unknown, Status>;
    const where = `${kind} ${object?.metadata?.namespace}/${object?.metadata?.name}`;
    const parsed = specSchema.safeParse(object?.spec);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const at = ["spec", ...(issue?.path ?? [])].join(".");
      throw new InvalidObjectError(`${where} is not valid: ${at}: ${issue?.message}; correct it and apply it again`, {
        cause: parsed.error,
      });
    }
    return { ...object, apiVersion, kind, spec: parsed.data };
  };

/**
 * Each takes an object as raw JSON from the API server and returns it typed, its spec checked and completed with the
 * defaults; the status is taken as it is. Throws `InvalidObjectError`, whose message names the object and the field.
 */
export const parseBackupTarget = parser<TargetSpec, TargetStatus>("BackupTarget", targetSpec);
export const parseBackupPolicy = parser<PolicySpec, PolicyStatus>("BackupPolicy", policySpec);
export const parseRestorePoint = parser<RestorePointSpec, RestorePointStatus>("RestorePoint", restorePointSpec);
export const parseRestore = parser<RestoreSpec, RestoreStatus>("Restore", restoreSpec);
export const parseRestoreTest = parser<RestoreTestSpec, RestoreTestStatus>("RestoreTest", restoreTestSpec);
