import { describe, expect, test } from "vitest";
import type { Evidence } from "./evidence.ts";
import { evidence, hoursAgo, now, offsite, onprem, point, restoreTest, volume } from "./fixtures.ts";
import { judgeRto, judgeVerified } from "./objectives.ts";

// What restore tests show: `Verified` and `RTOMet`.

const good = { onprem: "Good", offsite: "Good" } as const;

describe("Verified", () => {
  const both = [restoreTest("data", "onprem", 5), restoreTest("data", "offsite", 5)];

  const copied = (rest: Parameters<typeof evidence>[0]) => evidence({ points: [point("data", 6, good)], ...rest });

  test("is true once every volume on every target has passed", () => {
    expect(judgeVerified(copied({ tests: both }), now)).toMatchObject({ status: "True", reason: "RestoresVerified" });
  });

  test("is unknown while one pair was never tested, and names it", () => {
    expect(judgeVerified(copied({ tests: [restoreTest("data", "onprem", 5)] }), now)).toMatchObject({
      status: "Unknown",
      reason: "NotVerified",
      message:
        "never passed a restore test: data on offsite; make a RestoreTest for this policy, or wait for its first run",
    });
  });

  test("is false after a failed test, with its reason, though an older one had passed", () => {
    const failed = restoreTest("data", "offsite", 1, {
      result: "Failed",
      message: "check database-opens exited with 1",
      restoreTest: "weekly",
      restorePoint: "data-1",
    });
    expect(judgeVerified(copied({ tests: [...both, failed] }), now)).toMatchObject({
      status: "False",
      reason: "RestoreTestFailed",
      message:
        "data on offsite: the test of data-1 by RestoreTest weekly failed at 2026-11-23T11:00:00Z: check database-opens exited with 1",
    });
  });

  test("is false where a test passed but no good copy is left on the target", () => {
    const points = [point("data", 6, { onprem: "Good", offsite: "Missing" })];
    expect(judgeVerified(evidence({ points, tests: both }), now)).toMatchObject({
      status: "False",
      reason: "CopiesGone",
      message: "a test passed, but no good copy is left of data on offsite; run a backup and a RestoreTest",
    });
  });

  test("is true again once a later test passes", () => {
    const tests = [...both, restoreTest("data", "offsite", 9, { result: "Failed" })];
    expect(judgeVerified(copied({ tests }), now).status).toBe("True");
  });

  test("of two results of the same instant the failed one counts", () => {
    const tests = [...both, restoreTest("data", "offsite", 5, { result: "Failed" })];
    expect(judgeVerified(copied({ tests }), now).status).toBe("False");
    expect(judgeVerified(copied({ tests: tests.toReversed() }), now).status).toBe("False");
  });

  test("expires: true to the very instant, false a millisecond later", () => {
    const tests = [restoreTest("data", "onprem", 5), restoreTest("data", "offsite", 168)];
    expect(judgeVerified(copied({ tests }), now)).toMatchObject({
      status: "True",
      judgeAgainAt: new Date(now.getTime() + 1),
    });
    expect(judgeVerified(copied({ tests }), new Date(now.getTime() + 1))).toMatchObject({
      status: "False",
      reason: "VerificationExpired",
      message: "data on offsite: last passed a restore test at 2026-11-16T12:00:00Z, more than 7d ago",
    });
  });

  test("tests of a PVC that was there before under the same name do not count", () => {
    const volumes = [volume("data", { created: hoursAgo(2) })];
    expect(judgeVerified(copied({ volumes, tests: both }), now).status).toBe("Unknown");
  });

  test("a test of the volume before it that ended after the PVC was made again does not count", () => {
    const volumes = [volume("data", { uid: "another", created: hoursAgo(10) })];
    const points = [point("data", 6, good, "another")];
    const of = (pvcUid: string) => both.map((each) => ({ ...each, pvcUid }));
    expect(judgeVerified(evidence({ volumes, points, tests: of("uid-of-data") }), now).status).toBe("Unknown");
    expect(judgeVerified(evidence({ volumes, points, tests: of("another") }), now).status).toBe("True");
  });

  test("a test that passed in the future has not passed yet, and hides none that failed; one that failed there has", () => {
    const inFuture = (result: "Passed" | "Failed") => restoreTest("data", "offsite", -24, { result });
    const failed = restoreTest("data", "offsite", 1, { result: "Failed" });
    expect(judgeVerified(copied({ tests: [...both, failed, inFuture("Passed")] }), now).status).toBe("False");
    expect(judgeVerified(copied({ tests: [restoreTest("data", "onprem", 5), inFuture("Passed")] }), now).status).toBe(
      "Unknown",
    );
    expect(judgeVerified(copied({ tests: [...both, inFuture("Failed")] }), now).status).toBe("False");
    // A clock may be a little ahead.
    const tests = [restoreTest("data", "onprem", 5), restoreTest("data", "offsite", -0.05)];
    expect(judgeVerified(copied({ tests }), now).status).toBe("True");
  });

  describe("of a target with chains and a mirror", () => {
    const targets = [onprem, { ...offsite, kinds: ["chain", "mirror"] as const }];
    const mirror = { ...point("data", 1, { offsite: "Good" }), kind: "mirror" as const };
    const points = [point("data", 6, good), mirror];
    const tested = (hours: number, more = {}) => restoreTest("data", "offsite", hours, { kind: "mirror", ...more });

    test("neither proves the other", () => {
      const [ofOnprem, ofOffsite] = both;
      const verdict = (...tests: Evidence["tests"]) => judgeVerified(evidence({ targets, points, tests }), now);
      expect(verdict(...both, tested(1))).toMatchObject({ status: "True" });
      expect(verdict(...both)).toMatchObject({
        status: "Unknown",
        message: expect.stringMatching(/^never passed a restore test: the mirror of data on offsite;/),
      });
      expect(verdict(...(ofOnprem ? [ofOnprem] : []), tested(1))).toMatchObject({
        status: "Unknown",
        message: expect.stringMatching(/^never passed a restore test: data on offsite;/),
      });
      expect(verdict(...both, tested(1), { ...ofOffsite, ...tested(2), result: "Failed" }).status).toBe("True");
      expect(verdict(...both, tested(1, { result: "Failed" }))).toMatchObject({
        status: "False",
        message: expect.stringMatching(/^the mirror of data on offsite: the test failed/),
      });
    });

    test("a good mirror hides nothing of chains that are gone", () => {
      const lost = [point("data", 6, { onprem: "Good", offsite: "Missing" }), mirror];
      expect(judgeVerified(evidence({ targets, points: lost, tests: [...both, tested(1)] }), now)).toMatchObject({
        status: "False",
        reason: "CopiesGone",
        message: expect.stringContaining("left of data on offsite;"),
      });
    });

    test("the restore of each has to be fast enough", () => {
      const judge = (restoreSeconds: number) =>
        judgeRto(evidence({ targets, points, tests: [...both, tested(1, { restoreSeconds })] }), now);
      expect(judge(1800)?.status).toBe("True");
      expect(judge(1801)).toMatchObject({
        status: "False",
        message: expect.stringMatching(/^the mirror of data on offsite: /),
      });
    });
  });

  test("tests of other volumes and targets change nothing", () => {
    const tests = [...both, restoreTest("old", "onprem", 1, { result: "Failed" }), restoreTest("data", "elsewhere", 1)];
    expect(judgeVerified(copied({ tests }), now).status).toBe("True");
  });
});

describe("RTOMet", () => {
  const measured = (secondsOnprem: number, secondsOffsite: number) => [
    restoreTest("data", "onprem", 5, { restoreSeconds: secondsOnprem }),
    restoreTest("data", "offsite", 5, { restoreSeconds: secondsOffsite }),
  ];

  test("there is no verdict where the policy has no RTO", () => {
    const { rtoSeconds: _, ...objectives } = evidence().objectives;
    expect(judgeRto(evidence({ objectives }), now)).toBeUndefined();
  });

  test("is true to the very second", () => {
    expect(judgeRto(evidence({ tests: measured(10, 1800) }), now)).toMatchObject({
      status: "True",
      reason: "RestoresFastEnough",
    });
  });

  test("is false where one target is too slow, with the measured time", () => {
    expect(judgeRto(evidence({ tests: measured(10, 1800.5) }), now)).toMatchObject({
      status: "False",
      reason: "RestoresTooSlow",
      message: "data on offsite: the restore measured at 2026-11-23T07:00:00Z took 1800.5s, allowed are 30m",
    });
  });

  test("is unknown where a pair was never measured, failed, or was measured too long ago", () => {
    const status = (tests: ReturnType<typeof measured>) => judgeRto(evidence({ tests }), now)?.status;
    expect(status([])).toBe("Unknown");
    expect(status(measured(10, 10).slice(0, 1))).toBe("Unknown");
    expect(status([...measured(10, 10), restoreTest("data", "onprem", 1, { result: "Failed" })])).toBe("Unknown");
    expect(status(measured(10, 10).map((entry) => ({ ...entry, time: hoursAgo(169) })))).toBe("Unknown");
  });

  test("the newest measurement counts, not the best", () => {
    const tests = [...measured(10, 10), restoreTest("data", "onprem", 1, { restoreSeconds: 3600 })];
    expect(judgeRto(evidence({ tests }), now)?.status).toBe("False");
  });
});
