import { z } from "zod";
import { conditions, observedGeneration } from "./conditions.ts";
import { cron } from "./cron.ts";
import { check, moverOptions } from "./pods.ts";
import { runSummary } from "./runs.ts";
import { instant, nameRef, objectName, timeZone } from "./scalars.ts";

export const restoreTestSpec = z.strictObject({
  policyRef: nameRef.describe("The BackupPolicy whose volumes are restored."),
  cron: cron.describe(
    "When it runs: minute, hour, day of month, month and day of week (0 to 6, Sunday is 0), such as 0 5 * * 0.",
  ),
  timeZone: timeZone.default("Etc/UTC").describe("The time zone of cron."),
  select: z
    .strictObject({
      which: z
        .enum(["Latest", "Oldest", "Random"])
        .default("Latest")
        .describe("The newest good point, the oldest, or any; chosen afresh for each volume and target in each run."),
    })
    .prefault({})
    .describe("Which restore points are tested."),
  targets: z
    .array(objectName)
    .min(1)
    .max(8)
    .meta({ "x-kubernetes-list-type": "set" })
    .optional()
    .describe("The BackupTargets to restore from, one after the other; all of the policy's where it is absent."),
  checks: z
    .array(check)
    .max(8)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .optional()
    .describe("Containers that get the restored volume mounted and must exit 0."),
  storageClassName: objectName
    .optional()
    .describe("The StorageClass of the scratch volume; the source's where it is absent."),
  keepOnFailure: z
    .boolean()
    .default(false)
    .describe("Keeps the scratch volume of a failed test to look at, until the next run."),
  suspend: z.boolean().default(false).describe("Starts no more runs while it is true."),
  mover: moverOptions.prefault({}).describe("How the pods that move data are run."),
});
export type RestoreTestSpec = z.infer<typeof restoreTestSpec>;

const testResult = z.strictObject({
  id: z.string().describe("The PVC and the target, as pvc/target; of a mirror pvc/target/mirror."),
  pvc: z.string().describe("The PVC."),
  target: z.string().describe("The BackupTarget."),
  kind: z
    .enum(["chain", "mirror"])
    .optional()
    .describe("What was restored: a point of the chains of backups, or the mirror."),
  result: z.enum(["Passed", "Failed"]).describe("Whether it passed."),
  reason: z.string().describe("Why, as a word for programs."),
  message: z.string().describe("Why, and what to do, for people."),
  time: instant.describe("When it was tested."),
  restorePoint: z.string().optional().describe("The RestorePoint that was restored."),
  snapshot: z.string().optional().describe("The restic snapshot's id."),
  ageSeconds: z
    .number()
    .min(0)
    .optional()
    .describe("The age in seconds, when the test began, of the data that was restored."),
  restoreSeconds: z
    .number()
    .min(0)
    .optional()
    .describe("Seconds from the start of the restore until the data was readable."),
  bytes: z.int().min(0).optional().describe("Bytes restored."),
  files: z.int().min(0).optional().describe("Files restored."),
});
export type TestResult = z.infer<typeof testResult>;

export const restoreTestStatus = z.strictObject({
  observedGeneration,
  conditions: conditions.optional(),
  nextTime: instant.optional().describe("When the next run is due."),
  lastSuccessTime: instant.optional().describe("When a run last passed."),
  lastRun: runSummary.optional().describe("The newest run."),
  results: z
    .array(testResult)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"] })
    .optional()
    .describe("The newest result of each volume on each target, of its chains and of its mirror."),
});
export type RestoreTestStatus = z.infer<typeof restoreTestStatus>;
