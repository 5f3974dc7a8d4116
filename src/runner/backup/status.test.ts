import { describe, expect, it } from "vitest";
import type { BackupTarget } from "../../api/objects.ts";
import type { BackupResult } from "../../contract/results.ts";
import { failedStatus, finishedStatus, initialStatus, phaseOf } from "./status.ts";

const now = new Date("2026-11-23T01:05:00Z");
const target = (name: string) =>
  ({
    metadata: { name, namespace: "shop" },
    spec: {
      s3: { credentialsSecretRef: { name: `${name}-s3` } },
      encryption: { passwordSecretRef: { name: "repository-key", key: "password" } },
    },
  }) as BackupTarget;
const targets = [target("onprem"), target("offsite")];
const policy = {
  metadata: { name: "nightly", namespace: "shop", annotations: { "holdfast.dev/acknowledge": "8b1d0c77aa02-64" } },
};
const initial = initialStatus({ targets, targetFailures: [], now: new Date("2026-11-23T01:00:00Z") });

const good = {
  state: "Good",
  repository: "s3:x/data/c",
  type: "Full",
  snapshot: "s1",
  bytesAdded: 10,
  bytesStored: 5,
} as const;
const result = (...reported: BackupResult["targets"]): BackupResult => ({
  kind: "backup",
  state: "Good",
  files: 3,
  directories: 1,
  bytes: 10,
  bytesRead: 10,
  errors: 0,
  failedPaths: [],
  durationSeconds: 1.5,
  targets: reported,
});
const finish = (...reported: BackupResult["targets"]) =>
  finishedStatus({
    status: initial,
    result: result(...reported),
    policy,
    targets,
    now,
    repositoryOn: ({ metadata }) => `s3:${metadata.name}`,
  });

describe("finishedStatus", () => {
  it("passes on what the mover has to say of a good copy, which makes it no worse", () => {
    const message = "There was no Full to add to, so this Differential became one.";
    const status = finish({ ...good, target: "onprem", message }, { ...good, target: "offsite" });
    expect(status).toMatchObject({ phase: "Succeeded", copies: [{ state: "Good", message }, { state: "Good" }] });
    expect(status.message).toBeUndefined();
    expect(status.copies?.[1]?.message).toBeUndefined();
  });

  it("is Succeeded when every target has a good copy", () => {
    const status = finish({ ...good, target: "onprem" }, { ...good, target: "offsite", snapshot: "s2" });
    expect(status).toMatchObject({ phase: "Succeeded", size: 10, files: 3, completionTime: now.toISOString() });
    expect(status.message).toBeUndefined();
    expect(status.copies?.[1]).toMatchObject({
      target: "offsite",
      state: "Good",
      snapshot: "s2",
      bytesStored: 5,
      repository: "s3:offsite",
    });
  });

  it("says how to acknowledge a mass change on this policy, beside what it has acknowledged", () => {
    const none = { files: 0, bytes: 0 };
    const massChange = { removed: none, replaced: none, before: none, share: 64, token: "3fa9c1d2e4b5-64" };
    const status = finish({ target: "onprem", repository: "", state: "Failed", reason: "MassChange", massChange });
    expect(status.copies?.[0]?.message).toContain(
      "backuppolicy nightly holdfast.dev/acknowledge=8b1d0c77aa02-64,3fa9c1d2e4b5-64",
    );
  });

  it("is Degraded, and says which and why, when one target failed", () => {
    const failed = {
      target: "offsite",
      state: "Failed",
      reason: "StoreUnreachable",
      message: "no answer",
      repository: "",
    } as const;
    const status = finish({ ...good, target: "onprem" }, failed);
    expect(status.phase).toBe("Degraded");
    expect(status.message).toContain("no answer");
    expect(status.copies?.[1]).toMatchObject({ state: "Failed", reason: "StoreUnreachable" });
  });

  it("never counts an incomplete copy", () => {
    const incomplete = { ...good, state: "Incomplete", reason: "ReadErrors", message: "2 paths" } as const;
    const status = finish({ ...incomplete, target: "onprem" }, { ...incomplete, target: "offsite" });
    expect(status.phase).toBe("Failed");
  });

  it("names the Secret that the mover only saw as missing files", () => {
    const failed = {
      target: "offsite",
      state: "Failed",
      reason: "CredentialsMissing",
      message: "no file",
      repository: "",
    } as const;
    const [, copy] = finish({ ...good, target: "onprem" }, failed).copies ?? [];
    expect(copy).toMatchObject({ reason: "SecretNotFound", message: expect.stringContaining('Secret "offsite-s3"') });
  });

  it("is not Succeeded when the mover passed over a target", () => {
    expect(finish({ ...good, target: "onprem" })).toMatchObject({
      phase: "Degraded",
      copies: [{ state: "Good" }, { state: "Failed", reason: "InternalError" }],
    });
  });
});

describe("failedStatus", () => {
  it("fails what was under way and keeps what had failed before", () => {
    const failure = { target: "gone", reason: "TargetNotFound", message: "no such target" };
    const status = initialStatus({ targets, targetFailures: [failure], now });
    const failed = failedStatus(status, { reason: "MoverLost", message: "lost" }, now);
    expect(failed.phase).toBe("Failed");
    expect(failed.copies?.map(({ reason }) => reason)).toEqual(["MoverLost", "MoverLost", "TargetNotFound"]);
  });

  it("does not take back a copy that is good", () => {
    const finished = finish({ ...good, target: "onprem" }, { ...good, target: "offsite" });
    expect(failedStatus(finished, { reason: "Interrupted", message: "stopped" }, now).phase).toBe("Succeeded");
  });
});

it.each([
  [["Good", "Good"], "Succeeded"],
  [["Good", "Incomplete"], "Degraded"],
  [["Good", "Failed"], "Degraded"],
  [["Incomplete", "Failed"], "Failed"],
  [[], "Failed"],
] as const)("of copies %j it is %s", (states, phase) => {
  expect(phaseOf(states.map((state) => ({ state })))).toBe(phase);
});
