import type { PolicySpec } from "../../api/policy.ts";
import type { BackupConfig } from "../../contract/configs.ts";
import type { PersistentVolumeClaim } from "../../kube/types.ts";
import { isBlock } from "../claim.ts";
import { quantityBytes } from "../quantity.ts";

/** The part of a mover's configuration that says what of the volume is taken. */
export type SelectionRules = Pick<
  BackupConfig,
  "excludes" | "excludeCaches" | "excludeIfPresent" | "excludeLargerThan" | "includes"
>;

/** What a policy says of it. Of a block device nothing can be left out. */
export function selectionOf(
  spec: Pick<PolicySpec, "excludes" | "excludeCaches" | "excludeIfPresent" | "excludeLargerThan" | "includes">,
  claim: PersistentVolumeClaim,
): SelectionRules {
  if (isBlock(claim)) return { excludes: [] };
  const { excludes = [], excludeCaches, excludeIfPresent, excludeLargerThan, includes } = spec;
  return {
    excludes,
    ...(excludeCaches && { excludeCaches }),
    ...(excludeIfPresent && { excludeIfPresent }),
    ...(excludeLargerThan !== undefined && { excludeLargerThan: quantityBytes(String(excludeLargerThan)) }),
    ...(includes && { includes }),
  };
}
