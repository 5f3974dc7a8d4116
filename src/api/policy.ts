import { z } from "zod";
import { conditions } from "./conditions.ts";
import { cron } from "./cron.ts";
import { moverOptions } from "./pods.ts";
import { runSummary } from "./runs.ts";
import { duration, instant, labelName, objectName, timeZone } from "./scalars.ts";

const labelSelector = z.strictObject({
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: z
    .array(
      z.strictObject({
        key: z.string(),
        operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
        values: z.array(z.string()).optional(),
      }),
    )
    .max(64)
    .optional(),
});
export type LabelSelector = z.infer<typeof labelSelector>;

export const backupType = z.enum(["Full", "Incremental"]);
export type BackupType = z.infer<typeof backupType>;

export const schedule = z.strictObject({
  name: labelName.max(30),
  type: backupType,
  cron,
  /** Overrides the policy's time zone for this schedule. */
  timeZone: timeZone.optional(),
  targets: z.array(objectName).min(1).max(8).meta({ "x-kubernetes-list-type": "set" }),
  suspend: z.boolean().default(false),
});
export type Schedule = z.infer<typeof schedule>;

const keep = z.int().min(1).max(100000).optional();

/** restic's `forget --keep-*` semantics, counted in the policy's time zone. */
export const retention = z
  .strictObject({
    keepLast: keep,
    keepHourly: keep,
    keepDaily: keep,
    keepWeekly: keep,
    keepMonthly: keep,
    keepYearly: keep,
  })
  .meta({ minProperties: 1 });
export type Retention = z.infer<typeof retention>;

export const objectives = z.strictObject({
  /** Recovery point objective: the newest good copy on each target may be this old. */
  rpo: duration,
  /** Recovery time objective: a restore, as RestoreTests measure it, may take this long. */
  rto: duration.optional(),
  /** Every volume on every target must have passed a RestoreTest within this time. */
  verifiedWithin: duration.default("30d"),
});
export type Objectives = z.infer<typeof objectives>;

export const policySpec = z.strictObject({
  /** The PVCs of this namespace to back up: those named and those selected, together. */
  volumes: z
    .strictObject({
      selector: labelSelector.optional(),
      names: z.array(objectName).max(256).meta({ "x-kubernetes-list-type": "set" }).optional(),
    })
    .meta({ minProperties: 1 }),
  snapshot: z
    .strictObject({
      /** The default class of the volume's driver where it is absent. */
      volumeSnapshotClassName: objectName.optional(),
    })
    .optional(),
  timeZone: timeZone.default("Etc/UTC"),
  schedules: z
    .array(schedule)
    .min(1)
    .max(16)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] }),
  /** Nothing is ever forgotten where it is absent. */
  retention: retention.optional(),
  objectives,
  /** Glob patterns of paths inside the volume that are left out. */
  excludes: z.array(z.string().min(1).max(4096)).max(256).optional(),
  suspend: z.boolean().default(false),
  mover: moverOptions.prefault({}),
});
export type PolicySpec = z.infer<typeof policySpec>;

const scheduleStatus = z.strictObject({
  name: z.string(),
  cronJob: z.string().optional(),
  nextTime: instant.optional(),
  lastSuccessTime: instant.optional(),
  lastRun: runSummary.optional(),
});
export type ScheduleStatus = z.infer<typeof scheduleStatus>;

export const policyStatus = z.strictObject({
  observedGeneration: z.int().min(0).optional(),
  conditions: conditions.optional(),
  nextTime: instant.optional(),
  lastSuccessTime: instant.optional(),
  /** How many PVCs match now. */
  volumes: z.int().min(0).optional(),
  restorePoints: z.int().min(0).optional(),
  schedules: z
    .array(scheduleStatus)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .optional(),
});
export type PolicyStatus = z.infer<typeof policyStatus>;
