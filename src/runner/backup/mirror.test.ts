import { describe, expect, it, test } from "vitest";
import type { RestorePoint } from "../../api/objects.ts";
import { explainFailure } from "../explain.ts";
import { assertNotHeld, mirrorSettings, supersededStatus } from "./mirror.ts";
import type { BackupPlan } from "./resolve.ts";

const point = (day: number, copies: Record<string, string>, more: { chain?: string; annotations?: object } = {}) =>
  ({
    metadata: { name: `p${day}`, annotations: more.annotations },
    spec: { chain: more.chain ?? "mirror", time: `2026-11-0${day}T01:00:00Z` },
    status: { copies: Object.entries(copies).map(([target, state]) => ({ target, state })) },
  }) as unknown as RestorePoint;

describe("supersededStatus", () => {
  const ahead = point(5, { a: "Good" });
  const completed = ahead.status?.copies?.map((copy) => ({ ...copy, completionTime: "2026-11-01T02:00:00Z" }));
  const datedAhead = { ...ahead, status: { ...ahead.status, copies: completed } } as RestorePoint;

  test.each<[string, RestorePoint, RestorePoint, Record<string, string> | undefined]>([
    ["an older good copy", point(1, { a: "Good" }), point(2, { a: "Good" }), { a: "Pruned" }],
    [
      "only where the new one is good",
      point(1, { a: "Good", b: "Good" }),
      point(2, { a: "Good", b: "Failed" }),
      { a: "Pruned", b: "Good" },
    ],
    ["nothing where the new one failed", point(1, { a: "Good" }), point(2, { a: "Failed" }), undefined],
    ["nothing of a chain", point(1, { a: "Good" }, { chain: "20261101T010000Z" }), point(2, { a: "Good" }), undefined],
    [
      "nothing by a run of another type",
      point(1, { a: "Good" }),
      point(2, { a: "Good" }, { chain: "20261101T010000Z" }),
      undefined,
    ],
    ["one that the storage's clock has dated ahead", datedAhead, point(2, { a: "Good" }), { a: "Pruned" }],
    ["nothing newer, when it is resumed", point(3, { a: "Good" }), point(2, { a: "Good" }), undefined],
    ["nothing newer, and not itself", point(2, { a: "Good" }), point(2, { a: "Good" }), undefined],
    [
      "nothing that is gone already",
      point(1, { a: "Missing", b: "Pruned" }),
      point(2, { a: "Good", b: "Good" }),
      undefined,
    ],
  ])("takes the place of %s", (_, older, current, expected) => {
    const copies = supersededStatus(older, current)?.copies;
    expect(copies && Object.fromEntries(copies.map(({ target, state }) => [target, state]))).toEqual(expected);
  });
});

describe("assertNotHeld", () => {
  const held = { annotations: { "holdfast.dev/hold": "audit" } };

  it("refuses to replace what somebody put on hold, by name", () => {
    expect(() => assertNotHeld([point(1, { a: "Good" }, held)])).toThrow(/p1 is on hold/);
  });

  test.each([
    ["nothing is on hold", point(1, { a: "Good" })],
    ["the hold is off", point(1, { a: "Good" }, { annotations: { "holdfast.dev/hold": "false" } })],
    ["nothing is there that could be held", point(1, { a: "Pruned" }, held)],
    ["a point of a chain is held", point(1, { a: "Good" }, { ...held, chain: "20261101T010000Z" })],
  ])("lets a run pass where %s", (_, one) => {
    expect(() => assertNotHeld([one])).not.toThrow();
  });
});

describe("mirrorSettings", () => {
  const plan = (schedule: object, annotations?: object) =>
    ({ schedule, policy: { metadata: { annotations } } }) as unknown as BackupPlan;

  it("reads the tokens from the policy's annotation", () => {
    const annotations = { "holdfast.dev/acknowledge": " aaa-1, bbb-2\nccc-3" };
    expect(mirrorSettings(plan({ mirror: { maximumChange: 20 } }, annotations))).toEqual({
      maximumChange: 20,
      acknowledge: ["aaa-1", "bbb-2", "ccc-3"],
    });
    expect(mirrorSettings(plan({ mirror: { maximumChange: 50 } }))?.acknowledge).toEqual([]);
    expect(mirrorSettings(plan({}))).toBeUndefined();
  });
});

it("tells how to acknowledge a mass change, with its numbers", () => {
  const massChange = {
    removed: { files: 600, bytes: 6 },
    replaced: { files: 40, bytes: 4 },
    before: { files: 1000, bytes: 10 },
    share: 100,
    token: "3fa9c1d2e4b5-100",
  };
  const target = { metadata: { name: "onprem", namespace: "shop" } } as Parameters<typeof explainFailure>[1];
  const policy = { metadata: { name: "shop" } };
  const { reason, message } = explainFailure({ reason: "MassChange", message: "cut", massChange }, target, policy);
  expect(reason).toBe("MassChange");
  expect(message).toContain("delete 600 and overwrite 40 of the 1000 files");
  expect(message).toContain("annotate --overwrite backuppolicy shop holdfast.dev/acknowledge=3fa9c1d2e4b5-100");
});
