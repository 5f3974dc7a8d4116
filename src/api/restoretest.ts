import { z } from "zod";
import { conditions } from "./conditions.ts";
import { cron } from "./cron.ts";
import { check, moverOptions } from "./pods.ts";
import { runSummary } from "./runs.ts";
import { instant, nameRef, objectName, timeZone } from "./scalars.ts";

export const restoreTestSpec = z.strictObject({
  policyRef: nameRef,
  cron,
  timeZone: timeZone.default("Etc/UTC"),
  /** Which good point of each volume and target is restored. */
  select: z.strictObject({ which: z.enum(["Latest", "Oldest", "Random"]).default("Latest") }).prefault({}),
  /** All of the policy's targets where it is absent. */
  targets: z.array(objectName).min(1).max(8).meta({ "x-kubernetes-list-type": "set" }).optional(),
  checks: z
    .array(check)
    .max(8)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .optional(),
  /** Where the scratch volume is made; the source's class where it is absent. */
  storageClassName: objectName.optional(),
  /** Keeps the scratch volume of a failed test to look at, until the next run. */
  keepOnFailure: z.boolean().default(false),
  suspend: z.boolean().default(false),
  mover: moverOptions.prefault({}),
});
export type RestoreTestSpec = z.infer<typeof restoreTestSpec>;

const testResult = z.strictObject({
  /** `<pvc>/<target>` */
  id: z.string(),
  pvc: z.string(),
  target: z.string(),
  result: z.enum(["Passed", "Failed"]),
  reason: z.string(),
  message: z.string(),
  time: instant,
  restorePoint: z.string().optional(),
  snapshot: z.string().optional(),
  /** Age in seconds, at the start of the test, of the data that was restored. */
  ageSeconds: z.number().min(0).optional(),
  restoreSeconds: z.number().min(0).optional(),
  bytes: z.int().min(0).optional(),
  files: z.int().min(0).optional(),
});
export type TestResult = z.infer<typeof testResult>;

export const restoreTestStatus = z.strictObject({
  observedGeneration: z.int().min(0).optional(),
  conditions: conditions.optional(),
  nextTime: instant.optional(),
  lastSuccessTime: instant.optional(),
  lastRun: runSummary.optional(),
  results: z
    .array(testResult)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"] })
    .optional(),
});
export type RestoreTestStatus = z.infer<typeof restoreTestStatus>;
