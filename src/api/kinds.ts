/** The five kinds: their names, and how `kubectl get` shows them. */

export const group = "holdfast.dev";
export const version = "v1alpha1";
export const apiVersion = `${group}/${version}`;

export type KindName = "BackupTarget" | "BackupPolicy" | "RestorePoint" | "Restore" | "RestoreTest";

/** A column of `kubectl get`, as a CustomResourceDefinition writes it; priority 1 shows with `-o wide` only. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "date" | "number" | "boolean";
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: number;
}

export interface Kind {
  readonly kind: KindName;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  readonly columns: readonly PrinterColumn[];
}

const ofCondition = (type: string, name: string, description: string, priority?: number): PrinterColumn => ({
  name,
  type: "string",
  jsonPath: `.status.conditions[?(@.type=="${type}")].status`,
  description,
  ...(priority === undefined ? {} : { priority }),
});

const why: PrinterColumn = {
  name: "Reason",
  type: "string",
  jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
  description: "Why it is, or is not, ready.",
  priority: 1,
};

const ready = ofCondition("Ready", "Ready", "Whether it is configured and in force.");

const age: PrinterColumn = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
  description: "How long ago it was made.",
};

/** `kubectl` shows a date as the time since then, and a time to come as `<invalid>`; a string is shown as it is. */
const next: PrinterColumn = {
  name: "Next",
  type: "string",
  jsonPath: ".status.nextTime",
  description: "When the next run is due.",
};

const lastSuccess: PrinterColumn = {
  name: "Last success",
  type: "date",
  jsonPath: ".status.lastSuccessTime",
  description: "How long ago a run last succeeded.",
};

export const kinds: Readonly<Record<KindName, Kind>> = {
  BackupTarget: {
    kind: "BackupTarget",
    plural: "backuptargets",
    singular: "backuptarget",
    shortNames: ["bt"],
    description:
      "A BackupTarget says where copies go: a bucket, its credentials, and the key that they are encrypted with.",
    columns: [
      ready,
      ofCondition("Reachable", "Reachable", "Whether the store answered the last probe."),
      { name: "Media", type: "string", jsonPath: ".spec.media", description: "The kind of medium." },
      { name: "Offsite", type: "boolean", jsonPath: ".spec.offsite", description: "Whether it is at another site." },
      { name: "Bucket", type: "string", jsonPath: ".spec.s3.bucket", description: "The bucket.", priority: 1 },
      why,
      age,
    ],
  },
  BackupPolicy: {
    kind: "BackupPolicy",
    plural: "backuppolicies",
    singular: "backuppolicy",
    shortNames: ["bp"],
    description:
      "A BackupPolicy says which volumes are backed up, on which schedules, to which targets, how long the copies are kept, and which objectives must hold.",
    columns: [
      ready,
      lastSuccess,
      next,
      ofCondition("ThreeTwoOne", "3-2-1", "Whether every volume has three copies on two media, one offsite."),
      ofCondition("Verified", "Verified", "Whether restores of every volume from every target were shown to work."),
      ofCondition("RPOMet", "RPO", "Whether every newest good copy is young enough.", 1),
      ofCondition("RTOMet", "RTO", "Whether measured restores were fast enough.", 1),
      { name: "Volumes", type: "integer", jsonPath: ".status.volumes", description: "PVCs that match.", priority: 1 },
      why,
      age,
    ],
  },
  RestorePoint: {
    kind: "RestorePoint",
    plural: "restorepoints",
    singular: "restorepoint",
    shortNames: ["rp"],
    description:
      "A RestorePoint is one volume at one instant, and where its copies are. Holdfast writes it; deleting it never deletes data.",
    columns: [
      { name: "Volume", type: "string", jsonPath: ".spec.pvc.name", description: "The PVC." },
      {
        name: "Type",
        type: "string",
        jsonPath: ".spec.type",
        description: "Full, Incremental, Differential or Mirror.",
      },
      { name: "Phase", type: "string", jsonPath: ".status.phase", description: "How far it came." },
      { name: "Time", type: "date", jsonPath: ".spec.time", description: "How old its data is." },
      { name: "Policy", type: "string", jsonPath: ".spec.policy", description: "The policy.", priority: 1 },
      { name: "Chain", type: "string", jsonPath: ".spec.chain", description: "The chain.", priority: 1 },
      {
        name: "Files",
        type: "integer",
        jsonPath: ".status.files",
        description: "How many files there are.",
        priority: 1,
      },
      { name: "Size", type: "integer", jsonPath: ".status.size", description: "Bytes in all files.", priority: 1 },
      {
        name: "Left out",
        type: "integer",
        jsonPath: ".status.leftOut.entries",
        description: "Entries that excludes and includes left out.",
        priority: 1,
      },
    ],
  },
  Restore: {
    kind: "Restore",
    plural: "restores",
    singular: "restore",
    shortNames: ["re"],
    description: "A Restore brings a restore point back into a new PVC, once.",
    columns: [
      { name: "Phase", type: "string", jsonPath: ".status.phase", description: "How far it came." },
      { name: "Point", type: "string", jsonPath: ".status.restorePoint", description: "The restore point." },
      { name: "Target", type: "string", jsonPath: ".status.target", description: "Where it was read from." },
      { name: "To", type: "string", jsonPath: ".spec.to.pvc.name", description: "The PVC that it makes." },
      { name: "Seconds", type: "number", jsonPath: ".status.restoreSeconds", description: "How long it took." },
      why,
      age,
    ],
  },
  RestoreTest: {
    kind: "RestoreTest",
    plural: "restoretests",
    singular: "restoretest",
    shortNames: ["rt"],
    description:
      "A RestoreTest restores a policy's volumes on a schedule, checks every file and the user's own checks, measures the time, and throws the restored data away.",
    columns: [
      ready,
      { name: "Policy", type: "string", jsonPath: ".spec.policyRef.name", description: "The policy." },
      { name: "Outcome", type: "string", jsonPath: ".status.lastRun.outcome", description: "How the last run ended." },
      lastSuccess,
      next,
      why,
      age,
    ],
  },
};
