import { z } from "zod";
import { snapshotTypes } from "./snapshot-type.ts";

/**
 * What a mover tells: its progress on standard output, and in the end a result, which the runner reads from the pod's termination
 * message.
 */

/** Why something failed, as stable names; they become condition reasons. */
export const failureReason = z.enum([
  "CredentialsMissing",
  "CredentialsRejected",
  "BucketNotFound",
  "StoreUnreachable",
  "StoreError",
  "ObjectUnreadable",
  "StoreFull",
  "WrongPassword",
  "PasswordMissing",
  "RepositoryNotFound",
  "RepositoryNotEmpty",
  "RepositoryDamaged",
  "RepositoryLocked",
  "FormatReadOnly",
  "FormatUnknown",
  "SnapshotNotFound",
  "PathNotFound",
  "SourceUnreadable",
  "ReadErrors",
  "SourceEmpty",
  "MassChange",
  "EverythingExcluded",
  "TargetFolderNotEmpty",
  "TargetVolumeFull",
  "WriteErrors",
  "VerificationFailed",
  "InvalidConfiguration",
  "Interrupted",
  "InternalError",
]);
export type FailureReason = z.infer<typeof failureReason>;

const amount = z.strictObject({ files: z.number(), bytes: z.number() });

const backupTargetResult = z.strictObject({
  target: z.string(),
  state: z.enum(["Good", "Incomplete", "Failed"]),
  reason: failureReason.optional(),
  message: z.string().optional(),
  repository: z.string(),
  /** The type as stored on this target: the first snapshot of a repository is a `Full`. */
  type: z.enum([...snapshotTypes, "Mirror"]).optional(),
  snapshot: z.string().optional(),
  parent: z.string().optional(),
  bytesAdded: z.number().optional(),
  bytesStored: z.number().optional(),
  /** Of a mirror run that was stopped as `MassChange`: what it would have done, and what lets it pass. */
  massChange: z
    .strictObject({ removed: amount, replaced: amount, before: amount, share: z.number(), token: z.string() })
    .optional(),
  /** From the inventory: up to three snapshots nobody knew, and known ones (up to three) that are not in the store any more. */
  unknown: z
    .array(z.strictObject({ chain: z.string(), snapshot: z.string(), time: z.string(), tags: z.array(z.string()) }))
    .optional(),
  missing: z.array(z.string()).optional(),
});

/** What the rules left out. A folder counts as one entry and no bytes: nobody looked what it holds. */
const leftOut = z.strictObject({
  entries: z.number(),
  /** Of the files left out by themselves. */
  bytes: z.number(),
  /** Those that left most out, at most 20. Globs are written as they are, other rules as flags of the command line. */
  rules: z.array(z.strictObject({ rule: z.string(), entries: z.number(), bytes: z.number() })),
});
export type LeftOut = z.infer<typeof leftOut>;

/**
 * The last JSON line on standard output, and the termination message. At most 4,096 bytes as JSON: `failedPaths` and
 * messages are cut to fit, the numbers never.
 */
export const backupResult = z.strictObject({
  kind: z.literal("backup"),
  state: z.enum(["Good", "Incomplete", "Failed"]),
  reason: failureReason.optional(),
  message: z.string().optional(),
  files: z.number(),
  directories: z.number(),
  /** Size of all files, and the bytes that were really read from the volume. */
  bytes: z.number(),
  bytesRead: z.number(),
  errors: z.number(),
  failedPaths: z.array(z.string()),
  /** Where there are rules, and the source was read. */
  leftOut: leftOut.optional(),
  durationSeconds: z.number(),
  targets: z.array(backupTargetResult),
});
export type BackupResult = z.infer<typeof backupResult>;

export const restoreResult = z.strictObject({
  kind: z.enum(["restore", "verify"]),
  state: z.enum(["Good", "Incomplete", "Failed"]),
  reason: failureReason.optional(),
  /** Why it is not good; or what a person should know of a good one. */
  message: z.string().optional(),
  snapshot: z.string().optional(),
  files: z.number(),
  directories: z.number(),
  bytes: z.number(),
  errors: z.number(),
  failedPaths: z.array(z.string()),
  durationSeconds: z.number(),
});
export type RestoreResult = z.infer<typeof restoreResult>;

export const forgetResult = z.strictObject({
  kind: z.literal("forget"),
  state: z.enum(["Good", "Failed"]),
  reason: failureReason.optional(),
  message: z.string().optional(),
  targets: z.array(
    z.strictObject({
      target: z.string(),
      state: z.enum(["Good", "Failed"]),
      reason: failureReason.optional(),
      /** Why it failed; or what a person should know of a good one. */
      message: z.string().optional(),
      snapshotsRemoved: z.number(),
      chainsDropped: z.number(),
      bytesFreed: z.number(),
      /** Of one that failed: the chains whose snapshots are gone all the same. */
      chainsForgotten: z.array(z.string()).optional(),
    }),
  ),
  durationSeconds: z.number(),
});
export type ForgetResult = z.infer<typeof forgetResult>;

export const probeResult = z.strictObject({
  kind: z.literal("probe"),
  state: z.enum(["Good", "Failed"]),
  reason: failureReason.optional(),
  message: z.string().optional(),
});
export type ProbeResult = z.infer<typeof probeResult>;

export const moverResult = z.discriminatedUnion("kind", [backupResult, restoreResult, forgetResult, probeResult]);
export type MoverResult = z.infer<typeof moverResult>;

/** A progress line on standard output, at most one a second. */
export const progressLine = z.strictObject({
  kind: z.literal("progress"),
  phase: z.string(),
  bytesDone: z.number(),
  bytesTotal: z.number().optional(),
  filesDone: z.number(),
});
export type ProgressLine = z.infer<typeof progressLine>;

/** Exit codes, the same as restic's where they mean the same. */
export const exitCode = {
  done: 0,
  failed: 1,
  incomplete: 3,
  noRepository: 10,
  locked: 11,
  wrongPassword: 12,
  interrupted: 130,
} as const;

/** Where the result goes beside standard output; set by the runner to the pod's termination message. */
export const resultFileVariable = "HOLDFAST_RESULT_FILE";
