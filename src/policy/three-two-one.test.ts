import { describe, expect, test } from "vitest";
import { storeIdentity } from "./evidence.ts";
import { evidence, hoursAgo, now, offsite, onprem, point, volume } from "./fixtures.ts";
import { judgeThreeTwoOne } from "./three-two-one.ts";

const good = { onprem: "Good", offsite: "Good" } as const;
const points = [point("data", 2, good)];

const judge = (more: Parameters<typeof evidence>[0]) => judgeThreeTwoOne(evidence({ points, ...more }), now);

test("the volume, a copy on another medium and one offsite are 3-2-1", () => {
  expect(judge({})).toMatchObject({
    status: "True",
    reason: "CopiesSufficient",
    message: "1 volume: each has at least 3 copies on 2 media, 1 offsite",
    judgeAgainAt: new Date(Date.parse(hoursAgo(2)) + 24 * 3600_000 + 1),
  });
});

test("over nothing it is not met", () => {
  expect(judge({ volumes: [] })).toMatchObject({ status: "False", reason: "NoVolumesMatch" });
});

describe("is false", () => {
  test("with one target", () => {
    expect(judge({ targets: [offsite] }).message).toBe("data has 2 of 3 copies");
  });

  test("on one medium", () => {
    const targets = [onprem, offsite].map((target) => ({ ...target, media: "disk" }));
    expect(judge({ targets })).toMatchObject({ status: "False", message: "data has 1 of 2 media (disk)" });
  });

  test("with no copy offsite", () => {
    expect(judge({ targets: [onprem, { ...offsite, offsite: false }] }).message).toBe("data has no copy offsite");
  });

  test("with two targets in one store, which are one copy", () => {
    expect(judge({ targets: [onprem, { ...offsite, store: onprem.store ?? "" }] }).message).toBe(
      "data has 2 of 3 copies, no copy offsite",
    );
  });

  test("once a copy is too old, and says which and since when", () => {
    const stale = [point("data", 30, good), point("data", 2, { onprem: "Good", offsite: "Incomplete" })];
    expect(judge({ points: stale })).toMatchObject({
      status: "False",
      reason: "CopiesInsufficient",
      message:
        "data has 2 of 3 copies, no copy offsite (data on offsite: the newest good copy is from 2026-11-22T06:00:00Z, older than 24h since 2026-11-23T06:00:00Z)",
    });
  });

  test("while the PVC is not bound: the volume itself is no copy then", () => {
    expect(judge({ volumes: [volume("data", { bound: false })] }).message).toBe(
      "data has 2 of 3 copies, 1 of 2 media (object-storage) (the PVC is not bound, so the volume itself does not count)",
    );
  });

  test("for one volume of several, by name", () => {
    expect(judge({ volumes: [volume("data"), volume("logs")] }).message).toMatch(/^logs has 1 of 3 copies/);
  });

  test("for a new volume at once, where not even all its targets would do", () => {
    const volumes = [volume("data", { created: hoursAgo(1) })];
    expect(judge({ volumes, targets: [onprem], points: [] }).status).toBe("False");
  });

  test("where a target's object does not exist", () => {
    const { store: _, ...gone } = offsite;
    expect(judge({ targets: [onprem, gone] }).message).toContain("there is no BackupTarget of this name");
  });
});

test("is unknown while a new volume waits for copies that would do", () => {
  const volumes = [volume("data", { created: hoursAgo(1) })];
  expect(judge({ volumes, points: [] })).toMatchObject({
    status: "Unknown",
    reason: "WaitingForFirstCopy",
    message: "new volumes wait for their first copies: data",
  });
});

test("a target's own maxAge says how long its copy counts", () => {
  const weekly = [point("data", 2, { onprem: "Good" }), point("data", 150, { offsite: "Good" })];
  expect(judge({ points: weekly, targets: [onprem, { ...offsite, maxAgeSeconds: 168 * 3600 }] }).status).toBe("True");
});

test("the medium of the volume's own class counts", () => {
  const targets = [onprem, offsite].map((target) => ({ ...target, media: "disk" }));
  expect(judge({ targets, volumes: [volume("data", { medium: "flash" })] }).status).toBe("True");
});

describe("storeIdentity", () => {
  const same = (a: Parameters<typeof storeIdentity>[0], b: Parameters<typeof storeIdentity>[0]) =>
    storeIdentity(a) === storeIdentity(b);
  const bucket = "backups";

  test("does not depend on how the endpoint is written", () => {
    expect(
      same({ endpoint: "https://S3.example.com/", bucket }, { endpoint: "https://s3.example.com:443", bucket }),
    ).toBe(true);
  });
  test("tells ports and buckets apart", () => {
    expect(same({ endpoint: "http://10.0.0.1:7070", bucket }, { endpoint: "http://10.0.0.1:7071", bucket })).toBe(
      false,
    );
    expect(same({ endpoint: "http://10.0.0.1", bucket: "a" }, { endpoint: "http://10.0.0.1", bucket: "b" })).toBe(
      false,
    );
  });
  test("takes an endpoint that is no URL for itself", () => {
    const endpoint = "https://s3.example.com:99999";
    expect(same({ endpoint, bucket }, { endpoint, bucket })).toBe(true);
    expect(same({ endpoint, bucket }, { endpoint: "https://s3.example.com", bucket })).toBe(false);
  });
  test("knows that AWS has each bucket once, with and without an endpoint", () => {
    expect(same({ bucket }, { endpoint: "https://s3.eu-west-1.amazonaws.com", bucket })).toBe(true);
    expect(same({ bucket }, { endpoint: "https://notamazonaws.com", bucket })).toBe(false);
  });
});
