import { expect, test } from "vitest";
import { isAboutCopy } from "./about-copy.ts";

test.each([
  ["CheckFailed", true],
  ["VerificationFailed", true],
  ["RepositoryDamaged", true],
  ["SnapshotNotFound", true],
  ["WrongPassword", true],
  ["Unschedulable", false],
  ["QuotaExceeded", false],
  ["ImageUnavailable", false],
  ["TargetNotFound", false],
  ["SecretNotFound", false],
  ["StoreUnreachable", false],
  ["RepositoryLocked", false],
  ["TargetVolumeFull", false],
  ["TargetFolderNotEmpty", false],
  ["MoverLost", false],
  ["InternalError", false],
])("%s is about the copy: %s", (reason, expected) => {
  expect(isAboutCopy(reason)).toBe(expected);
});
