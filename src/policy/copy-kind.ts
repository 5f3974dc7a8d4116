import type { BackupType } from "../api/policy.ts";

/** What a restore proves: a point of a chain of backups, or the mirror beside it. Neither says anything of the other. */
export type CopyKind = "chain" | "mirror";

export const copyKind = (type: BackupType): CopyKind => (type === "Mirror" ? "mirror" : "chain");

/** The kinds of copies that a policy's schedules make on a target, chains first; none where they make nothing there. */
export function copyKindsOn(
  schedules: readonly { readonly type: BackupType; readonly targets: readonly string[] }[],
  target: string,
): readonly CopyKind[] {
  const kinds = schedules.filter(({ targets }) => targets.includes(target)).map(({ type }) => copyKind(type));
  return [...new Set(kinds)].sort();
}
