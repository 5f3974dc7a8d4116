import { createHash } from "node:crypto";

/** Labels and annotations that people and tests rely on. */
export const label = {
  policy: "holdfast.dev/policy",
  schedule: "holdfast.dev/schedule",
  restoreTest: "holdfast.dev/restore-test",
  restore: "holdfast.dev/restore",
  target: "holdfast.dev/target",
  pvc: "holdfast.dev/pvc",
  chain: "holdfast.dev/chain",
  type: "holdfast.dev/type",
  run: "holdfast.dev/run",
  /** What a pod or Job is for: `runner`, `mover`, `check`, `probe` or `reader`. */
  component: "holdfast.dev/component",
  managedBy: "app.kubernetes.io/managed-by",
} as const;

export const annotation = {
  exclude: "holdfast.dev/exclude",
  hold: "holdfast.dev/hold",
  media: "holdfast.dev/media",
  /** On a policy: tokens of mass changes of its mirrors that may go ahead, separated by commas or spaces. */
  acknowledge: "holdfast.dev/acknowledge",
} as const;

/** Value of `app.kubernetes.io/managed-by` on everything we create. */
export const manager = "holdfast";

/**
 * `text` where it is no longer than `max`, else its beginning and a hash of the whole, so that two long names which begin
 * alike stay different. Good for object names and label values; `max` must be at least 16.
 */
export function fitName(text: string, max: number): string {
  if (text.length <= max) return text;
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 10);
  return `${text.slice(0, max - 11).replace(/[-._]+$/, "")}-${hash}`;
}

/** A value for a label: at most 63 characters. */
export const labelValue = (text: string): string => fitName(text, 63);

/** A CronJob's name may have 52 characters: Kubernetes adds eleven for each Job. */
export const cronJobName = (...parts: readonly string[]): string => fitName(parts.join("-"), 52);
