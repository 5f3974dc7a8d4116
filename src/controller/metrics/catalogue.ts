const volume = ["namespace", "policy", "pvc"] as const;
const copy = [...volume, "target"] as const;
const policy = ["namespace", "policy"] as const;

type Metric = { readonly help: string; readonly labels: readonly string[] };

/** What the process tells of itself, beside the usual metrics of any process. */
export const ownCatalogue = {
  holdfast_leader: { help: "1 where this process leads; the others stand by and tell nothing of objects.", labels: [] },
  holdfast_working: { help: "1 where this process leads and has listed all that it has to know.", labels: [] },
  holdfast_cache_age_seconds: {
    help: "Seconds since the API server last told the leader of this kind.",
    labels: ["kind"],
  },
} as const satisfies Readonly<Record<string, Metric>>;

/** Every metric about objects. They are all gauges, as they are rebuilt from status at each scrape; `docs/metrics.md` explains them. */
export const catalogue = {
  holdfast_last_success_timestamp_seconds: { help: "When the newest good copy was completed.", labels: copy },
  holdfast_backup_age_seconds: { help: "Age of the data in the newest good copy.", labels: copy },
  holdfast_backup_age_limit_seconds: { help: "How old that data may be.", labels: copy },
  holdfast_backup_bytes_added: { help: "Bytes that the newest good copy added, before compression.", labels: copy },
  holdfast_backup_bytes_stored: { help: "Bytes that the newest good copy took in the store.", labels: copy },
  holdfast_retention_bytes_freed: { help: "Bytes that retention freed after the newest good copy.", labels: copy },
  holdfast_restore_points: { help: "Good copies that can be restored from.", labels: copy },
  holdfast_last_verified_timestamp_seconds: { help: "When a restore test last passed.", labels: copy },
  holdfast_restore_duration_seconds: { help: "How long the restore of the last passed test took.", labels: copy },
  holdfast_backup_duration_seconds: { help: "How long the newest backup of the volume took.", labels: volume },
  holdfast_backup_size_bytes: { help: "Size of all files in the newest backup of the volume.", labels: volume },
  holdfast_backup_bytes_read: { help: "Bytes that the newest backup read from the volume.", labels: volume },
  holdfast_backup_files: { help: "Files in the newest backup of the volume.", labels: volume },
  holdfast_backup_errors: { help: "Paths that the newest backup of the volume could not read.", labels: volume },
  holdfast_backup_left_out_entries: {
    help: "Entries that the policy's rules left out of the newest backup of the volume.",
    labels: volume,
  },
  holdfast_rpo_seconds: { help: "The recovery point objective.", labels: policy },
  holdfast_rto_seconds: { help: "The recovery time objective.", labels: policy },
  holdfast_rpo_met: { help: "Whether the recovery point objective is met.", labels: policy },
  holdfast_volumes: { help: "PVCs that the policy matches.", labels: policy },
  holdfast_next_run_timestamp_seconds: { help: "When the next run of any schedule is due.", labels: policy },
  holdfast_policy_understood: { help: "Whether this version can read and judge the policy.", labels: policy },
  holdfast_policy_condition: {
    help: "1 for the status that the condition has.",
    labels: [...policy, "type", "status"],
  },
  holdfast_target_condition: {
    help: "1 for the status that the condition has.",
    labels: ["namespace", "target", "type", "status"],
  },
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof catalogue;
