import { describe, expect, it } from "vitest";
import { restoreResult as restoreResultSchema } from "../contract/results.ts";
import { newOutcome, type Outcome } from "../restore/outcome.ts";
import { describeRestore, restoreResult, type SoFar } from "./restore-result.ts";

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

  it("tells damage before what cannot be read at present, of a comparison, too", () => {
    const verified = outcome(["/c", "ObjectUnreadable", "/c cannot be read"], missing);
    const result = restoreResult("verify", { snapshot, verified }, quiet);
    expect(result).toMatchObject({ state: "Failed", reason: "RepositoryDamaged", failedPaths: ["/c", "/a"] });
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

  it("says what was noticed of one that is not good, too", () => {
    const noticing = { started: 0, notices: ["Our lock stays."] };
    const failure = { reason: "Interrupted", message: "Stopped by SIGTERM." } as const;
    expect(restoreResult("restore", { failure }, noticing).message).toBe("Stopped by SIGTERM. Our lock stays.");
    const incomplete = restoreResult("restore", { snapshot, restored: outcome(missing) }, noticing);
    expect(incomplete.message).toBe("/a cannot be restored Our lock stays.");
    const verified = outcome(["/c", "VerificationFailed", "/c differs"]);
    expect(restoreResult("verify", { snapshot, verified }, noticing).message).toBe("/c differs Our lock stays.");
  });

  describe("of a restore that broke off", () => {
    const failure = { reason: "StoreUnreachable", message: "The store does not answer" } as const;
    const begun = (restored: Outcome, fields: Partial<SoFar> = {}): SoFar => ({
      repository: "s3://bucket/data",
      snapshot,
      target: "/back",
      include: [],
      isDevice: false,
      phase: "restore",
      restored: Object.assign(restored, { touched: true }),
      ...fields,
    });

    const command = `holdfast mover verify --repository s3://bucket/data --snapshot ${snapshot} --target /back`;

    it.each<[string, SoFar, string, string]>([
      [
        "a folder",
        begun(outcome()),
        "The store does not answer.",
        "What was restored until then stays in /back: empty it before the next restore.",
      ],
      [
        "a device",
        begun(outcome(), { isDevice: true, target: "/dev/x" }),
        "The store does not answer.",
        "The device /dev/x holds a part of the image, which is of no use: restore it again.",
      ],
      [
        "a folder, in the comparison",
        begun(outcome(), { phase: "verify" }),
        "Restored, but not compared: The store does not answer.",
        `What was restored is in /back: compare it with: ${command}`,
      ],
      [
        "a folder that lacks something, in the comparison",
        begun(outcome(missing), { phase: "verify", include: ["a", "it's b"] }),
        "Restored but for 1 path, but not compared: The store does not answer.",
        `What was restored is in /back: compare it with: ${command} --include a --include 'it'\\''s b'`,
      ],
    ])("says what came, and to people what %s holds now", (_, soFar, message, left) => {
      const result = restoreResult("restore", { failure, soFar }, quiet);
      const { errors, failedPaths } = soFar.restored;
      const counted = { files: 10, bytes: 1000, errors, failedPaths };
      expect(result).toMatchObject({ state: "Failed", ...failure, message, ...counted });
      expect(result.snapshot).toBeUndefined();
      expect(restoreResultSchema.parse(result)).toEqual(result);
      expect(describeRestore(result, soFar).split("\n")[0]).toMatch(
        new RegExp(`${RegExp.escape(`${message} ${left}`)}$`),
      );
    });

    it("says nothing of a target that holds nothing", () => {
      const soFar = begun(newOutcome());
      soFar.restored.touched = false;
      expect(restoreResult("restore", { failure, soFar }, quiet)).toMatchObject({ ...failure, files: 0, bytes: 0 });
    });

    it.each<[SoFar["phase"], string]>([
      ["restore", "The restore failed: The store does not answer. What was"],
      ["verify", "Restored, but not compared: The store does not answer."],
    ])("is told to people by its phase: %s", (phase, beginning) => {
      const soFar = begun(outcome(), { phase });
      const text = describeRestore(restoreResult("restore", { failure, soFar }, quiet), soFar);
      expect(text.startsWith(beginning)).toBe(true);
      expect(text).toMatch(/\n.*10 files, 1000 B\.$/);
    });
  });
});
