import { z } from "zod";
import { conditions } from "./conditions.ts";
import { moverOptions } from "./pods.ts";
import { progress } from "./runs.ts";
import { instant, nameRef, objectName } from "./scalars.ts";

/** Brings a restore point back into a new PVC. Its spec never changes: make another Restore instead. */
export const restoreSpec = z
  .strictObject({
    restorePointRef: nameRef.optional(),
    /** Or: the newest good point of this policy's PVC that is not younger than `asOf`. */
    policyRef: nameRef.optional(),
    pvc: objectName.optional(),
    asOf: instant.optional(),
    /** The BackupTarget to read from; the first with a good copy where it is absent. */
    target: objectName.optional(),
    /** Only these paths inside the volume. */
    paths: z.array(z.string().min(1).max(4096)).max(256).optional(),
    /** The PVC to make. What is absent is taken from the source PVC. */
    to: z.strictObject({
      pvc: z.strictObject({
        name: objectName,
        storageClassName: objectName.optional(),
        storage: z
          .string()
          .regex(/^[0-9]+(\.[0-9]+)?([EPTGMk]i?)?$/)
          .optional(),
      }),
    }),
    mover: moverOptions.prefault({}),
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
  observedGeneration: z.int().min(0).optional(),
  conditions: conditions.optional(),
  phase: z.enum(["Pending", "Running", "Succeeded", "Failed"]).optional(),
  /** What was chosen. */
  restorePoint: z.string().optional(),
  target: z.string().optional(),
  snapshot: z.string().optional(),
  startTime: instant.optional(),
  completionTime: instant.optional(),
  progress: progress.optional(),
  restoreSeconds: z.number().min(0).optional(),
  bytes: z.int().min(0).optional(),
  files: z.int().min(0).optional(),
});
export type RestoreStatus = z.infer<typeof restoreStatus>;
