import { z } from "zod";
import { backupType } from "./policy.ts";
import { progress } from "./runs.ts";
import { instant, objectName } from "./scalars.ts";

/** The facts of one PVC at one instant; written once by the runner and never changed again. */
export const restorePointSpec = z
  .strictObject({
    policy: objectName,
    schedule: z.string(),
    pvc: z.strictObject({ name: objectName, uid: z.string() }),
    /** UTC start of the chain's Full, `20261123T010000Z`; the last part of the repository's path. */
    chain: z.string().regex(/^[0-9]{8}T[0-9]{6}Z$/),
    type: backupType,
    /** The instant the data is from: the VolumeSnapshot's `creationTime`. */
    time: instant,
    /** UID of the Job that made it. */
    run: z.string(),
    /** The source PVC's own spec, labels and size, so that it can be made again elsewhere. */
    source: z.record(z.string(), z.unknown()).meta({ "x-kubernetes-preserve-unknown-fields": true }),
  })
  .meta({ "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "a restore point's facts never change" }] });
export type RestorePointSpec = z.infer<typeof restorePointSpec>;

/** What the newest RestoreTest of a copy found. */
export const verification = z.strictObject({
  result: z.enum(["Passed", "Failed"]),
  time: instant,
  restoreTest: z.string(),
  /** Seconds from the start of the restore until the data was readable. */
  restoreSeconds: z.number().min(0).optional(),
  message: z.string().optional(),
});
export type Verification = z.infer<typeof verification>;

/**
 * One copy on one target. `Good`: the run read everything it should have and the store confirmed everything.
 * `Incomplete`: a snapshot exists but paths could not be read; never counts. `Failed`: nothing usable was written.
 * `Pruned`: retention removed it. `Missing`: a later run did not find it in the repository any more.
 */
export const copyState = z.enum(["InProgress", "Good", "Incomplete", "Failed", "Pruned", "Missing"]);
export type CopyState = z.infer<typeof copyState>;

export const copy = z.strictObject({
  target: objectName,
  state: copyState,
  /** Its own type: an Incremental is stored as a Full on a target that has no chain yet. */
  type: backupType.optional(),
  /** Where it is, as plain restic takes it: `s3:https://host/bucket/prefix/...`. Never holds credentials. */
  repository: z.string().optional(),
  /** The restic snapshot's id. */
  snapshot: z.string().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  completionTime: instant.optional(),
  /** Plain bytes new to this target, and the bytes they took in the store after compression and encryption. */
  bytesAdded: z.int().min(0).optional(),
  bytesStored: z.int().min(0).optional(),
  verified: verification.optional(),
});
export type Copy = z.infer<typeof copy>;

export const restorePointStatus = z.strictObject({
  /** `Degraded`: at least one copy is good, but not all that were asked for. */
  phase: z.enum(["InProgress", "Succeeded", "Degraded", "Failed"]).optional(),
  message: z.string().optional(),
  startTime: instant.optional(),
  completionTime: instant.optional(),
  /** Size of all files, their number, the bytes read from the volume, and how many paths could not be read. */
  size: z.int().min(0).optional(),
  files: z.int().min(0).optional(),
  bytesRead: z.int().min(0).optional(),
  errors: z.int().min(0).optional(),
  /** The first of the paths that could not be read. */
  failedPaths: z.array(z.string()).max(20).optional(),
  durationSeconds: z.number().min(0).optional(),
  progress: progress.optional(),
  copies: z
    .array(copy)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["target"] })
    .optional(),
});
export type RestorePointStatus = z.infer<typeof restorePointStatus>;
