import { z } from "zod";
import { conditions, observedGeneration } from "./conditions.ts";
import { cron } from "./cron.ts";
import { moverOptions, quantity } from "./pods.ts";
import { runSummary } from "./runs.ts";
import { duration, formed, instant, labelName, objectName, timeZone } from "./scalars.ts";

const labelSelector = z.strictObject({
  matchLabels: z
    .record(z.string(), z.string().max(63))
    .meta({ maxProperties: 64 })
    .optional()
    .describe("Labels and values that must all be there."),
  matchExpressions: z
    .array(
      z.strictObject({
        key: z.string().max(317).describe("The label."),
        operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]).describe("How the label and the values relate."),
        values: z.array(z.string().max(63)).max(64).optional().describe("The values, for In and NotIn."),
      }),
    )
    .max(64)
    .optional()
    .describe("Requirements that must all hold."),
});
export type LabelSelector = z.infer<typeof labelSelector>;

export const backupType = z.enum(["Full", "Incremental", "Differential", "Mirror"]);
export type BackupType = z.infer<typeof backupType>;

const mirror = z.strictObject({
  unencrypted: z
    .literal(true)
    .describe("Says that this is known: the files lie in the store as they are, and who may read it may read them."),
  maximumChange: z
    .int()
    .min(0)
    .max(100)
    .default(50)
    .describe(
      "How much of a mirror's files or bytes one run may delete or overwrite, in percent. A run that would change more, or leave the mirror empty, stops as MassChange until it is acknowledged.",
    ),
});

export const schedule = z
  .strictObject({
    name: labelName.min(1).max(30).describe("Names the schedule; it becomes part of the CronJob's name."),
    type: backupType.describe(
      "Full starts a new chain, a repository that shares nothing with earlier ones. Incremental adds to the newest chain, against its newest point. Differential adds to the newest chain and depends on nothing but that chain's Full and itself. Where there is no chain, both become a Full. Mirror keeps one exact copy in plain objects, without history.",
    ),
    cron: cron.describe(
      "When it runs: minute, hour, day of month, month and day of week (0 to 6, Sunday is 0), such as 0 1 * * 1-6.",
    ),
    timeZone: timeZone.optional().describe("The time zone of this schedule's cron; the policy's where it is absent."),
    targets: z
      .array(objectName)
      .min(1)
      .max(8)
      .meta({ "x-kubernetes-list-type": "set" })
      .describe("The BackupTargets that get a copy; the volume is read once for all of them."),
    suspend: z.boolean().default(false).describe("Starts no more runs of this schedule while it is true."),
    mirror: mirror.optional().describe("What a Mirror must say, and nothing else may."),
  })
  .refine(({ type, mirror: given }) => (type === "Mirror") === (given !== undefined), {
    message: "a Mirror, and nothing else, has the field mirror",
  })
  .meta({
    "x-kubernetes-validations": [
      {
        rule: "(self.type == 'Mirror') == has(self.mirror)",
        message:
          "a schedule of type Mirror, and no other, has the field mirror; it is stored unencrypted, and says so: mirror: { unencrypted: true }",
      },
    ],
  });
export type Schedule = z.infer<typeof schedule>;

const keep = (what: string) => z.int().min(1).max(100000).optional().describe(what);

/** restic's `forget --keep-*` semantics, counted in the policy's time zone. */
export const retention = z
  .strictObject({
    keepLast: keep("Keeps this many of the newest points."),
    keepHourly: keep("Keeps the newest point of each of this many hours that have one."),
    keepDaily: keep("Keeps the newest point of each of this many days that have one."),
    keepWeekly: keep("Keeps the newest point of each of this many weeks (Monday to Sunday) that have one."),
    keepMonthly: keep("Keeps the newest point of each of this many months that have one."),
    keepYearly: keep("Keeps the newest point of each of this many years that have one."),
    maximumUnused: z
      .int()
      .min(0)
      .max(100)
      .optional()
      .describe(
        "How much space that no point needs any more may stay in the packs of a chain, in percent of what is needed; 5 where it is absent. Less frees more, and reads and writes more for it.",
      ),
  })
  .refine(({ maximumUnused: _, ...keeps }) => Object.values(keeps).some((count) => count !== undefined), {
    message: "give at least one keep",
  })
  .meta({
    "x-kubernetes-validations": [
      {
        rule: ["Last", "Hourly", "Daily", "Weekly", "Monthly", "Yearly"]
          .map((rule) => `has(self.keep${rule})`)
          .join(" || "),
        message:
          "give at least one of keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly and keepYearly, or leave retention out to keep everything",
      },
    ],
  });
export type Retention = z.infer<typeof retention>;

export const objectives = z.strictObject({
  rpo: duration.describe(
    "Recovery point objective: how old the newest good copy of a volume may be, on each target that has no maxAge of its own.",
  ),
  rto: duration
    .optional()
    .describe("Recovery time objective: how long a restore, as RestoreTests measure it, may take."),
  verifiedWithin: duration
    .default("30d")
    .describe("Every volume on every target must have passed a RestoreTest within this time."),
});
export type Objectives = z.infer<typeof objectives>;

const volumes = z
  .strictObject({
    selector: labelSelector
      .optional()
      .describe("Selects PVCs by their labels; an empty selector selects all PVCs of the namespace."),
    names: z
      .array(objectName)
      .min(1)
      .max(256)
      .meta({ "x-kubernetes-list-type": "set" })
      .optional()
      .describe("PVCs by name."),
  })
  .refine((given) => given.selector !== undefined || given.names !== undefined, { message: "give a selector or names" })
  .meta({
    "x-kubernetes-validations": [
      {
        rule: "has(self.selector) || has(self.names)",
        message: "say which PVCs to back up: give a selector, names, or both",
      },
    ],
  });

const globs = (what: string) =>
  z
    .array(
      formed({
        pattern: /^\/?[^/]/,
        message:
          "write a glob such as *.tmp, or /var/cache for one place; empty or with nothing but slashes it names nothing",
        max: 4096,
      }),
    )
    .max(256)
    .optional()
    .describe(what);

export const policySpec = z.strictObject({
  volumes: volumes.describe(
    "The PVCs of this namespace to back up: those selected and those named, together, but for those with the annotation holdfast.dev/exclude.",
  ),
  snapshot: z
    .strictObject({
      volumeSnapshotClassName: objectName
        .optional()
        .describe("The VolumeSnapshotClass; the default class of the volume's driver where it is absent."),
    })
    .optional()
    .describe("How the instant that is backed up is held fast."),
  timeZone: timeZone
    .default("Etc/UTC")
    .describe("The time zone of the schedules that have none of their own, and of retention's hours, days and weeks."),
  schedules: z
    .array(schedule)
    .min(1)
    .max(16)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .describe("When which type of backup is made; each becomes a CronJob."),
  retention: retention
    .optional()
    .describe(
      "Which restore points stay, with the meaning of restic's forget. The newest good and the newest verified point of each volume on each target always stay. Nothing is ever forgotten where it is absent.",
    ),
  objectives: objectives.describe("What must hold; conditions say whether it does."),
  excludes: globs("Glob patterns of paths inside the volume that are left out."),
  excludeCaches: z
    .boolean()
    .default(false)
    .describe("Leaves out the content of folders that a CACHEDIR.TAG with its signature marks as caches."),
  excludeIfPresent: z
    .array(
      formed({
        pattern: /^[^/:]+(:.+)?$/,
        message: "write the name of a file, without slashes, such as .nobackup",
        max: 512,
      }),
    )
    .max(32)
    .optional()
    .describe(
      "Leaves out the content of folders that hold a file of such a name; name:beginning asks for how it begins.",
    ),
  excludeLargerThan: quantity.optional().describe("Leaves out files that are larger, such as 10Gi."),
  includes: globs(
    "Glob patterns of the only paths inside the volume that are backed up; everything where it is absent.",
  ),
  suspend: z.boolean().default(false).describe("Starts no more runs of any schedule while it is true."),
  mover: moverOptions.prefault({}).describe("How the pods that move data are run."),
});
export type PolicySpec = z.infer<typeof policySpec>;

const scheduleStatus = z.strictObject({
  name: z.string().describe("The schedule's name."),
  cronJob: z.string().optional().describe("The CronJob's name."),
  nextTime: instant.optional().describe("When the next run is due."),
  lastSuccessTime: instant.optional().describe("When a run last succeeded."),
  lastRun: runSummary.optional().describe("The newest run."),
  lastEnded: runSummary
    .optional()
    .describe(
      "The run that tried something and ended last, where that is not lastRun: it is under way, was skipped, or ended before.",
    ),
  inForce: z
    .strictObject({
      cron: z.string().describe("The cron expression."),
      timeZone: z.string().describe("The time zone that it is read in."),
      since: instant.describe("Since when; a run that was due before was not missed."),
    })
    .optional()
    .describe("By what runs are due at present; absent while none are."),
  suspendedSince: instant
    .optional()
    .describe("Since when no runs of it are started, while it is suspended; what began since was started by hand."),
  missedSince: instant
    .optional()
    .describe("The first time at which a run was due and none was started, neither within ten minutes nor since."),
});
export type ScheduleStatus = z.infer<typeof scheduleStatus>;

export const policyStatus = z.strictObject({
  observedGeneration,
  conditions: conditions.optional(),
  nextTime: instant.optional().describe("When the next run of any schedule is due."),
  lastSuccessTime: instant.optional().describe("When a run of any schedule last succeeded."),
  volumes: z.int().min(0).optional().describe("How many PVCs match now."),
  restorePoints: z.int().min(0).optional().describe("How many restore points this policy has."),
  schedules: z
    .array(scheduleStatus)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .optional()
    .describe("What is known of each schedule."),
});
export type PolicyStatus = z.infer<typeof policyStatus>;
