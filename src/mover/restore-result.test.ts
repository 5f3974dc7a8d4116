import { describe, expect, it } from "vitest";
import { newOutcome, type Outcome } from "../restore/outcome.ts";
import { restoreResult } from "./restore-result.ts";

const outcome = (...failures: readonly Readonly<Parameters<Outcome["fail"]>>[]): Outcome => {
  const made = newOutcome();
  made.files = 10;
  made.bytes = 1000;
  for (const failure of failures) made.fail(...failure);
  return made;
};
const snapshot = "ab".repeat(32);
const quiet = { started: 0, notices: [] };
const missing = ["/a", "RepositoryDamaged", "/a cannot be restored"] as const;
const unwritten = ["/b", "WriteErrors", "Could not make /b"] as const;

describe("restoreResult", () => {
  it("is Good only without any error", () => {
    const good = restoreResult("restore", { snapshot, restored: outcome(), verified: outcome() }, quiet);
    expect(good).toMatchObject({ state: "Good", files: 10, bytes: 1000, errors: 0, failedPaths: [] });
    expect(good.reason).toBeUndefined();
  });

  it("says what was noticed on the way", () => {
    const notices = ["Removed the lock of a dead mover.", "Owners were not restored."];
    const good = restoreResult("restore", { snapshot, restored: outcome() }, { started: 0, notices });
    expect(good).toMatchObject({
      state: "Good",
      message: "Removed the lock of a dead mover. Owners were not restored.",
    });
  });

  it("is Incomplete when named paths did not come back, damage being the worst reason", () => {
    const end = { snapshot, restored: outcome(unwritten, missing) };
    expect(restoreResult("restore", end, quiet)).toMatchObject({
      state: "Incomplete",
      reason: "RepositoryDamaged",
      errors: 2,
      failedPaths: ["/b", "/a"],
      message: "2 paths are not as they were. The first: /a cannot be restored",
    });
  });

  it("does not hold what was known to be missing against the comparison", () => {
    const verified = outcome(["/a", "VerificationFailed", "/a is missing"]);
    const result = restoreResult("restore", { snapshot, restored: outcome(missing), verified }, quiet);
    expect(result).toMatchObject({ state: "Incomplete", reason: "RepositoryDamaged", errors: 1, failedPaths: ["/a"] });
  });

  it("is Failed when the comparison finds anything else", () => {
    const verified = outcome(["/a", "VerificationFailed", "/a is missing"], ["/c", "VerificationFailed", "/c differs"]);
    const result = restoreResult("restore", { snapshot, restored: outcome(missing), verified }, quiet);
    expect(result).toMatchObject({ state: "Failed", reason: "VerificationFailed", failedPaths: ["/a", "/c"] });
    expect(restoreResult("verify", { snapshot, verified }, quiet)).toMatchObject({
      kind: "verify",
      state: "Failed",
      errors: 2,
    });
  });

  it("says why where nothing was done", () => {
    const failure = { reason: "TargetFolderNotEmpty", message: "/x is not empty" } as const;
    expect(restoreResult("restore", { failure }, quiet)).toMatchObject({
      state: "Failed",
      ...failure,
      files: 0,
      errors: 0,
    });
  });
});
