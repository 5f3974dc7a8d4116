import { z } from "zod";
import { conditions, observedGeneration } from "./conditions.ts";
import { moverOptions } from "./pods.ts";
import { progress } from "./runs.ts";
import { formed, instant, nameRef, objectName } from "./scalars.ts";

/** Brings a restore point back into a new PVC. Its spec never changes: make another Restore instead. */
export const restoreSpec = z
  .strictObject({
    restorePointRef: nameRef.optional().describe("The RestorePoint to bring back."),
    policyRef: nameRef
      .optional()
      .describe("Instead of a RestorePoint: the policy whose newest good point of pvc is taken."),
    pvc: objectName.optional().describe("With policyRef: the PVC that was backed up."),
    asOf: instant
      .optional()
      .describe("With policyRef: takes the newest good point whose data is from this instant or before."),
    target: objectName
      .optional()
      .describe("The BackupTarget to read from; the first with a good copy where it is absent."),
    paths: z
      .array(z.string().min(1).max(4096))
      .min(1)
      .max(256)
      .optional()
      .describe("Only these paths inside the volume; everything where it is absent."),
    to: z
      .strictObject({
        pvc: z
          .strictObject({
            name: objectName.describe("The name of the PVC that is made; it must not exist."),
            storageClassName: objectName.optional().describe("Its StorageClass; the source's where it is absent."),
            storage: formed({
              pattern: /^[0-9]+(\.[0-9]+)?([EPTGMk]i?)?$/,
              message: "write a size, such as 10Gi",
              max: 32,
            })
              .optional()
              .describe("Its size, such as 10Gi; the source's where it is absent."),
          })
          .describe("A new PVC, like the source but for what is said here."),
      })
      .describe("Where the data goes."),
    mover: moverOptions.prefault({}).describe("How the pods that move data are run."),
  })
  .meta({
    "x-kubernetes-validations": [
      { rule: "self == oldSelf", message: "a Restore cannot be changed; make a new one" },
      {
        rule: "has(self.restorePointRef) != has(self.policyRef)",
        message: "name either restorePointRef, or policyRef with pvc (and asOf, if not the newest)",
      },
      { rule: "has(self.policyRef) == has(self.pvc)", message: "policyRef and pvc go together" },
      { rule: "!has(self.asOf) || has(self.policyRef)", message: "asOf goes with policyRef and pvc" },
    ],
  });
export type RestoreSpec = z.infer<typeof restoreSpec>;

export const restoreStatus = z.strictObject({
  observedGeneration,
  conditions: conditions.optional(),
  phase: z.enum(["Running", "Succeeded", "Failed"]).optional().describe("How far it came."),
  restorePoint: z.string().optional().describe("The RestorePoint that was chosen."),
  target: z.string().optional().describe("The BackupTarget that was chosen."),
  snapshot: z.string().optional().describe("The restic snapshot's id."),
  startTime: instant.optional().describe("When it started."),
  completionTime: instant.optional().describe("When it ended."),
  progress: progress.optional().describe("What the mover has done so far."),
  restoreSeconds: z.number().min(0).optional().describe("Seconds until the data was readable."),
  bytes: z.int().min(0).optional().describe("Bytes restored."),
  files: z.int().min(0).optional().describe("Files restored."),
});
export type RestoreStatus = z.infer<typeof restoreStatus>;
