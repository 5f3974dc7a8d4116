import type { FailureReason } from "../../contract/results.ts";
import { runReason } from "../contract.ts";

const aboutCopy: readonly string[] = [
  "RepositoryDamaged",
  "RepositoryNotFound",
  "SnapshotNotFound",
  "PathNotFound",
  "WrongPassword",
  "FormatUnknown",
  "VerificationFailed",
] satisfies readonly FailureReason[];

/**
 * Whether a test that failed for this reason has found something out about the copy: that it cannot be read, or is not what was backed
 * up. The rest is trouble with the cluster, the way to the store or the scratch volume, after which nobody knows.
 */
export const isAboutCopy = (reason: string): boolean => reason === runReason.checkFailed || aboutCopy.includes(reason);
