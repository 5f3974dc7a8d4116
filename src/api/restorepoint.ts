import { z } from "zod";
import { backupType } from "./policy.ts";
import { progress } from "./runs.ts";
import { formed, instant, objectName } from "./scalars.ts";

/** The facts of one PVC at one instant; written once by the runner and never changed again. */
export const restorePointSpec = z
  .strictObject({
    policy: objectName.describe("The BackupPolicy that it was made by."),
    schedule: z.string().max(63).describe("The policy's schedule."),
    pvc: z
      .strictObject({
        name: objectName.describe("The PVC's name."),
        uid: z.string().max(64).describe("The PVC's UID: one made again under the same name is another volume."),
      })
      .describe("The PVC that was backed up."),
    chain: formed({
      pattern: /^([0-9]{8}T[0-9]{6}Z|mirror)$/,
      message: "a chain is named by the UTC time of its start, such as 20261123T010000Z; a Mirror's is mirror",
      max: 16,
    }).describe(
      "The UTC start of the chain's Full, such as 20261123T010000Z; mirror for a Mirror. The last part of the repository's path.",
    ),
    type: backupType.describe("What kind of backup it was."),
    time: instant.describe("The instant that the data is from: the VolumeSnapshot's creationTime."),
    run: z.string().max(64).describe("The UID of the Job that made it."),
    source: z
      .record(z.string(), z.unknown())
      .meta({ "x-kubernetes-preserve-unknown-fields": true })
      .describe("The source PVC's own spec, so that it can be made again elsewhere."),
  })
  .meta({
    "x-kubernetes-validations": [
      { rule: "self == oldSelf", message: "a restore point's facts never change" },
      {
        rule: "(self.type == 'Mirror') == (self.chain == 'mirror')",
        message: "a Mirror lies in the chain called mirror, and nothing else does",
      },
    ],
  });
export type RestorePointSpec = z.infer<typeof restorePointSpec>;

/** A count of entries that were left out, and their bytes. */
const leftOutCount = {
  entries: z.int().min(0).describe("How many entries; a folder counts as one, whatever it holds."),
  bytes: z.int().min(0).describe("Bytes of the files among them; what folders hold is not known."),
};

export const leftOut = z.strictObject({
  ...leftOutCount,
  rules: z
    .array(z.strictObject({ rule: z.string().describe("The rule, as the snapshot names it."), ...leftOutCount }))
    .max(20)
    .optional()
    .describe("The rules that left most out."),
});

/** What the newest RestoreTest of a copy found. */
export const verification = z.strictObject({
  result: z.enum(["Passed", "Failed"]).describe("Whether it passed."),
  time: instant.describe("When it was tested."),
  restoreTest: z.string().describe("The RestoreTest."),
  restoreSeconds: z
    .number()
    .min(0)
    .optional()
    .describe("Seconds from the start of the restore until the data was readable."),
  message: z.string().optional().describe("Why it failed."),
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
  target: z.string().max(253).describe("The BackupTarget."),
  state: copyState.describe(
    "Good: everything was read, and the store confirmed everything. Incomplete: paths could not be read; it never counts. Failed: nothing usable was written. Pruned: retention removed it. Missing: a later run did not find it any more.",
  ),
  type: backupType
    .optional()
    .describe("Its own type: an Incremental or a Differential is stored as a Full on a target that has no chain yet."),
  repository: z
    .string()
    .optional()
    .describe(
      "Where it is, as plain restic takes it, such as s3:https://host/bucket/prefix; of a Mirror, as Holdfast's command line takes it, such as s3://bucket/prefix. It holds no credentials.",
    ),
  snapshot: z.string().optional().describe("The restic snapshot's id; of a Mirror, its manifest's."),
  reason: z.string().optional().describe("Why it is not good, as a word for programs."),
  message: z
    .string()
    .optional()
    .describe("Why it is not good, and what to do, for people; or what a person should know of a good one."),
  completionTime: instant.optional().describe("When it was written."),
  bytesAdded: z.int().min(0).optional().describe("Bytes of files that were new to this target."),
  bytesStored: z.int().min(0).optional().describe("Bytes that they took in the store, compressed and encrypted."),
  bytesFreed: z
    .int()
    .min(0)
    .optional()
    .describe("Bytes that retention freed on this target after this backup; absent where there was nothing to remove."),
  verified: verification.optional().describe("What the newest RestoreTest of this copy found."),
});
export type Copy = z.infer<typeof copy>;

export const restorePointStatus = z.strictObject({
  phase: z
    .enum(["InProgress", "Succeeded", "Degraded", "Failed"])
    .optional()
    .describe("How far it came. Degraded: at least one copy is good, but not all that were asked for."),
  message: z.string().optional().describe("What went wrong, for people."),
  startTime: instant.optional().describe("When its run started on this volume."),
  completionTime: instant.optional().describe("When its run ended."),
  size: z.int().min(0).optional().describe("Bytes in all files."),
  files: z.int().min(0).optional().describe("How many files there are."),
  bytesRead: z.int().min(0).optional().describe("Bytes that were read from the volume."),
  errors: z.int().min(0).optional().describe("How many paths could not be read."),
  failedPaths: z.array(z.string()).max(20).optional().describe("The first of the paths that could not be read."),
  leftOut: leftOut.optional().describe("What the policy's excludes and includes left out of the volume."),
  durationSeconds: z.number().min(0).optional().describe("Seconds that the mover took."),
  progress: progress.optional().describe("What the mover has done so far."),
  copies: z
    .array(copy)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["target"] })
    .optional()
    .describe("Its copies, one entry for each target."),
});
export type RestorePointStatus = z.infer<typeof restorePointStatus>;
