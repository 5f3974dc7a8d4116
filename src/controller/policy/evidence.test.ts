import { describe, expect, it } from "vitest";
import type { BackupTarget, RestoreTest } from "../../api/objects.ts";
import { judgeRto, judgeVerified } from "../../policy/objectives.ts";
import { resticRepository } from "../../runner/location.ts";
import { claimOf, hoursAgo, meta, now, pointOf, policyOf, targetOf } from "../fixtures.ts";
import { collectSamples } from "../metrics/samples.ts";
import { evidenceOf } from "./evidence.ts";

const before = targetOf("onprem");
const movedTo = (s3: object): BackupTarget =>
  targetOf("onprem", { spec: { s3: { ...before.spec.s3, ...s3 } } }) as BackupTarget;

const written = pointOf({ hours: 2 });
const repository = resticRepository(before, "shop", "data", written.spec.chain);
const passed = { result: "Passed", time: hoursAgo(1), restoreTest: "weekly", restoreSeconds: 5 } as const;
const point = {
  ...written,
  status: {
    phase: "Succeeded" as const,
    copies: [{ target: "onprem", state: "Good" as const, repository, completionTime: hoursAgo(1.5), verified: passed }],
  },
};
const result = { id: "data.onprem", pvc: "data", target: "onprem", result: "Passed", reason: "Passed", message: "" };
const test = {
  metadata: meta("weekly"),
  spec: { policyRef: { name: "shop" }, cron: "0 5 * * 0" },
  status: { results: [{ ...result, time: hoursAgo(1), restorePoint: point.metadata.name }] },
} as unknown as RestoreTest;

const evidenceWith = (target: BackupTarget, tests = [test], made = point, policy = policyOf()) =>
  evidenceOf(
    {
      policy,
      claims: [],
      targets: [target],
      cronJobs: [],
      storageClasses: [],
      snapshotClasses: [],
      points: [made],
      tests,
      runs: [],
    } as unknown as Parameters<typeof evidenceOf>[0],
    [claimOf("data")],
  );

const samplesWith = (target: BackupTarget) =>
  collectSamples({ policies: [policyOf()], targets: [target], points: [point], tests: [test], claims: [] }, now)
    .filter(({ labels }) => labels.target === "onprem")
    .map(({ name }) => name);

describe("evidence of a target that was changed", () => {
  it("counts copies and tests while it is where it was", () => {
    const { points, tests } = evidenceWith(before);
    expect(points[0]?.copies).toEqual([{ target: "onprem", state: "Good", completed: hoursAgo(1.5) }]);
    expect(tests.map(({ restoreTest, pvcUid }) => [restoreTest, pvcUid])).toEqual([
      ["weekly", "uid-data"],
      ["weekly", "uid-data"],
    ]);
    expect(samplesWith(before)).toEqual(
      expect.arrayContaining(["holdfast_backup_age_seconds", "holdfast_last_verified_timestamp_seconds"]),
    );
  });

  it("tells proofs of chains from those of mirrors, by what a result says or else by its point", () => {
    const { spec } = point;
    const mirrored = { ...point, spec: { ...spec, type: "Mirror", chain: "mirror" } } as typeof point;
    const kindsOf = (of: typeof point, more: object = {}) => {
      const [result] = test.status?.results ?? [];
      const told = { ...test, status: { results: [{ ...result, ...more }] } } as RestoreTest;
      return evidenceWith(before, [told], of).tests.map(({ kind }) => kind);
    };
    expect(kindsOf(point)).toEqual(["chain", "chain"]);
    expect(kindsOf({ ...mirrored, status: { phase: "Succeeded", copies: [] } })).toEqual(["mirror"]);
    expect(kindsOf(point, { restorePoint: "gone", kind: "mirror" })).toEqual(["chain", "mirror"]);
    expect(kindsOf(point, { restorePoint: "gone" })).toEqual(["chain", "chain"]);
    expect(evidenceWith(before, [], mirrored).points[0]?.kind).toBe("mirror");
    expect(evidenceWith(before).targets).toMatchObject([{ kinds: ["chain"] }]);
  });

  it.each<[string, object]>([
    ["bucket", { bucket: "another" }],
    ["prefix", { prefix: "deeper" }],
    ["endpoint", { endpoint: "https://another:9000" }],
  ])("does not count what lies elsewhere since its %s was changed", (_, s3) => {
    const moved = movedTo(s3);
    expect(evidenceWith(moved)).toMatchObject({ points: [{ copies: [] }], tests: [] });
    const samples = samplesWith(moved);
    expect(samples).not.toContain("holdfast_backup_age_seconds");
    expect(samples).not.toContain("holdfast_last_verified_timestamp_seconds");
  });

  it.each<[string, BackupTarget]>([
    ["a claim of its medium and place was changed", targetOf("onprem", { spec: { media: "tape", offsite: true } })],
    ["other credentials were given", movedTo({ credentialsSecretRef: { name: "new" } })],
  ])("counts as before where only %s", (_, target) => {
    expect(evidenceWith(target).points[0]?.copies).toHaveLength(1);
  });

  it("believes a test of a point that is not there any more", () => {
    const orphan = { ...test, status: { results: [{ ...result, time: hoursAgo(1), restorePoint: "gone" }] } };
    expect(evidenceWith(movedTo({ bucket: "another" }), [orphan as unknown as RestoreTest]).tests).toHaveLength(1);
  });
});

describe("a result of a mirror that the next one has replaced", () => {
  const mirror = {
    name: "copy",
    type: "Mirror",
    cron: "0 5 * * *",
    targets: ["onprem"],
    mirror: { unencrypted: true },
  };
  const policy = policyOf({ schedules: [mirror], objectives: { rpo: "26h", rto: "30m" } });
  const repository = resticRepository(before, "shop", "data", "mirror");
  const copy = { target: "onprem", state: "Good" as const, repository };
  const next = {
    ...written,
    spec: { ...written.spec, type: "Mirror" as const, chain: "mirror" },
    status: { phase: "Succeeded" as const, copies: [copy] },
  };
  const tooOld = {
    ...result,
    kind: "mirror",
    result: "Failed",
    reason: "RestorePointTooOld",
    restorePoint: "replaced",
  };
  const judge = (more: object) => {
    const told = { ...test, status: { results: [{ ...tooOld, time: hoursAgo(30), ...more }] } } as RestoreTest;
    const evidence = evidenceWith(before, [told], next as unknown as typeof point, policy);
    const objects = { policies: [policy], targets: [before], points: [next], tests: [told], claims: [claimOf("data")] };
    const samples = collectSamples(objects, now).filter(({ name }) => /last_verified|restore_duration/.test(name));
    return {
      verified: judgeVerified(evidence, now).status,
      rto: judgeRto(evidence, now)?.status,
      samples: Object.fromEntries(samples.map(({ name, value }) => [name, value])),
    };
  };
  const holdfast_last_verified_timestamp_seconds = Date.parse(hoursAgo(30)) / 1000;

  it("proves that it can be restored where it failed only for want of a newer one", () => {
    expect(judge({ restoreSeconds: 60 })).toEqual({
      verified: "True",
      rto: "True",
      samples: { holdfast_last_verified_timestamp_seconds, holdfast_restore_duration_seconds: 60 },
    });
    const unmeasured = { verified: "True", rto: "Unknown", samples: { holdfast_last_verified_timestamp_seconds } };
    expect(judge({}), "older runners wrote no times there").toEqual(unmeasured);
  });

  it("proves nothing where it failed for another reason", () => {
    expect(judge({ reason: "CheckFailed", restoreSeconds: 60 })).toEqual({
      verified: "False",
      rto: "Unknown",
      samples: {},
    });
  });

  it("is one of a mirror also where older versions did not say so, as the policy makes nothing else", () => {
    const older = { kind: undefined, reason: "Other", restoreSeconds: 60 };
    expect(judge(older)).toMatchObject({ verified: "False", samples: {} });
    expect(judge({ ...older, result: "Passed" })).toMatchObject({
      verified: "True",
      samples: { holdfast_last_verified_timestamp_seconds },
    });
  });
});
