import { describe, expect, test } from "vitest";
import { evidence, hoursAgo, now, offsite, onprem, point, restoreTest, volume } from "./fixtures.ts";
import { judgeRpo, judgeRto, judgeVerified } from "./objectives.ts";
import { judgeThreeTwoOne } from "./three-two-one.ts";

const good = { onprem: "Good", offsite: "Good" } as const;
const seconds = (hours: number): Date => new Date(Date.parse(hoursAgo(hours)));

test("a strategy over nothing is not met", () => {
  const nothing = evidence({
    volumes: [],
    points: [point("data", 1, good)],
    tests: [restoreTest("data", "onprem", 1)],
  });
  for (const verdict of [judgeRpo(nothing, now), judgeRto(nothing, now), judgeVerified(nothing, now)]) {
    expect(verdict).toMatchObject({ status: "False", reason: "NoVolumesMatch" });
  }
});

describe("a volume that is named and not there", () => {
  const proven = {
    points: [point("data", 2, good)],
    tests: [restoreTest("data", "onprem", 1), restoreTest("data", "offsite", 1)],
  };
  const judges = { judgeRpo, judgeThreeTwoOne, judgeVerified };

  test.each(Object.entries(judges))("breaks what the others keep (%s)", (_, judge) => {
    expect(judge(evidence(proven), now).status).toBe("True");
    expect(judge(evidence({ ...proven, missing: ["uplods"] }), now)).toMatchObject({
      status: "False",
      reason: "VolumeNotFound",
      message: "there is no PVC uplods, which spec.volumes.names names; make it, or correct the name",
    });
    expect(judge(evidence({ ...proven, missing: [], leaving: ["uploads"] }), now)).toMatchObject({
      status: "False",
      reason: "VolumeNotFound",
      message: expect.stringMatching(/^PVC uploads, which spec.volumes.names names, is being deleted/),
    });
  });

  test("is named where no other is there, too", () => {
    expect(judgeRpo(evidence({ volumes: [], missing: ["uploads"] }), now)).toMatchObject({
      reason: "VolumeNotFound",
      message: expect.not.stringContaining("no PVC matches"),
    });
  });

  test("hides nothing of what is wrong with the others, nor when to judge again", () => {
    const stale = { points: [point("data", 2, { onprem: "Good", offsite: "Failed" })] };
    const verdict = judgeRpo(evidence({ ...stale, missing: ["uploads"] }), now);
    expect(verdict.message).toMatch(/no PVC uploads.*; data on offsite: no good copy/);
    expect(verdict.judgeAgainAt).toEqual(judgeRpo(evidence(stale), now).judgeAgainAt);
  });
});

describe("RPOMet", () => {
  test("is true while every newest good copy is young enough, and says when that ends", () => {
    const verdict = judgeRpo(evidence({ points: [point("data", 2, good), point("data", 30, good)] }), now);
    expect(verdict).toMatchObject({ status: "True", reason: "CopiesFresh" });
    expect(verdict.judgeAgainAt).toEqual(new Date(seconds(2).getTime() + 24 * 3600_000 + 1));
  });

  test("is true to the very instant of the limit, and false a millisecond later", () => {
    const given = evidence({ points: [point("data", 24, good)] });
    expect(judgeRpo(given, now).status).toBe("True");
    expect(judgeRpo(given, now).judgeAgainAt).toEqual(new Date(now.getTime() + 1));
    expect(judgeRpo(given, new Date(now.getTime() + 1)).status).toBe("False");
  });

  test("is false where one target falls behind, and names volume, target, age and since when", () => {
    const points = [point("data", 2, { onprem: "Good", offsite: "Failed" }), point("data", 30, good)];
    expect(judgeRpo(evidence({ points }), now)).toMatchObject({
      status: "False",
      reason: "CopiesStale",
      message:
        "data on offsite: the newest good copy is from 2026-11-22T06:00:00Z, older than 24h since 2026-11-23T06:00:00Z",
    });
  });

  test.each(["Incomplete", "Failed", "Pruned", "Missing", "InProgress"] as const)(
    "a copy that is %s never counts",
    (state) => {
      const points = [point("data", 1, { onprem: "Good", offsite: state })];
      expect(judgeRpo(evidence({ points }), now).message).toBe(
        `data on offsite: no good copy since the volume was made at ${hoursAgo(1000).replace(".000", "")}`,
      );
    },
  );

  test("a target's own maxAge stands instead of the RPO, longer or shorter", () => {
    const points = [point("data", 2, { onprem: "Good" }), point("data", 100, { offsite: "Good" })];
    const withMaxAge = (hours: number) =>
      judgeRpo(evidence({ points, targets: [onprem, { ...offsite, maxAgeSeconds: hours * 3600 }] }), now).status;
    expect(withMaxAge(100)).toBe("True");
    expect(withMaxAge(99)).toBe("False");
  });

  test("is unknown while a new volume waits for its first copy, false once it is older than its RPO", () => {
    const young = (hours: number) =>
      judgeRpo(evidence({ volumes: [volume("data", { created: hoursAgo(hours) })] }), now);
    expect(young(1)).toMatchObject({ status: "Unknown", reason: "WaitingForFirstCopy" });
    expect(young(1).message).toContain("data on onprem: the first copy is due by 2026-11-24T11:00:00Z");
    expect(young(24).status).toBe("Unknown");
    expect(young(25).status).toBe("False");
  });

  test("one stale volume outweighs a new one that waits", () => {
    const volumes = [volume("new", { created: hoursAgo(1) }), volume("data")];
    expect(judgeRpo(evidence({ volumes }), now).status).toBe("False");
  });

  test("a PVC made again under the same name starts anew: copies of the one before are not copies of it", () => {
    const volumes = [volume("data", { uid: "another", created: hoursAgo(1) })];
    expect(judgeRpo(evidence({ volumes, points: [point("data", 2, good)] }), now).status).toBe("Unknown");
  });

  test("of the clocks of a storage system and of the run the earlier one is believed, and neither where both are ahead", () => {
    const ahead = (completed: string | undefined) => {
      const copies = ["onprem", "offsite"].map((target) => ({
        target,
        state: "Good" as const,
        ...(completed !== undefined && { completed }),
      }));
      return evidence({ points: [point("data", 30, good), { ...point("data", -72, good), copies }] });
    };
    expect(judgeRpo(ahead(hoursAgo(1)), now).judgeAgainAt).toEqual(new Date(seconds(-23).getTime() + 1));
    expect(judgeRpo(ahead(hoursAgo(25)), now).status).toBe("False");
    for (const completed of [undefined, hoursAgo(-71), hoursAgo(-0.1)]) {
      expect(judgeRpo(ahead(completed), now).message).toContain("the newest good copy is from 2026-11-22T06:00:00Z");
    }
    expect(judgeRpo(ahead(hoursAgo(-0.05)), now).status).toBe("True");
  });

  test("a target whose object does not exist proves nothing", () => {
    const { store: _, ...gone } = offsite;
    const verdict = judgeRpo(evidence({ targets: [onprem, gone], points: [point("data", 1, good)] }), now);
    expect(verdict).toMatchObject({
      status: "False",
      message: "data on offsite: there is no BackupTarget of this name, or none that this version can read",
    });
  });

  test("names five of many, and counts the rest", () => {
    const volumes = Array.from({ length: 8 }, (_, index) => volume(`data-${index}`));
    const { message } = judgeRpo(evidence({ volumes, targets: [onprem] }), now);
    expect(message).toContain("data-4 on onprem");
    expect(message).not.toContain("data-5");
    expect(message).toMatch(/; and 3 more$/);
  });

  test("does not change its words as time goes by", () => {
    const points = [point("data", 30, good)];
    const later = new Date(now.getTime() + 3600_000);
    expect(judgeRpo(evidence({ points }), later).message).toBe(judgeRpo(evidence({ points }), now).message);
  });
});
