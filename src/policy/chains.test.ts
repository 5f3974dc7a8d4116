import { describe, expect, test } from "vitest";
import type { BackupType } from "../api/policy.ts";
import type { CopyState } from "../api/restorepoint.ts";
import { type ChainPoint, chainPath, chooseChain, forgetByChain, newChainName, volumePath } from "./chains.ts";

const now = new Date("2026-11-23T01:00:00.700Z");

const point = (chain: string, copies: Record<string, CopyState>): ChainPoint => ({
  chain,
  copies: Object.entries(copies).map(([target, state]) => ({ target, state })),
});

const choose = (
  type: BackupType,
  points: readonly ChainPoint[],
  more: Partial<Parameters<typeof chooseChain>[0]> = {},
) => chooseChain({ type, now, targets: ["onprem", "offsite"], points, knownChains: [], ...more });

const older = "20261109T010000Z";
const newer = "20261116T010000Z";

describe("a Full", () => {
  test("starts a new chain, named by the time, in empty repositories", () => {
    expect(choose("Full", [point(newer, { onprem: "Good" })])).toMatchObject({
      chain: "20261123T010000Z",
      type: "Full",
      reason: "FullScheduled",
      targets: [
        { target: "onprem", expect: "Absent" },
        { target: "offsite", expect: "Absent" },
      ],
    });
  });

  test("never takes a name that some policy's chain has, whatever became of it", () => {
    const points = [point("20261123T010001Z", { onprem: "Failed" })];
    expect(choose("Full", points, { knownChains: ["20261123T010000Z"] }).chain).toBe("20261123T010002Z");
  });
});

describe("an Incremental", () => {
  test("adds to the newest chain, whose repositories must be there", () => {
    const points = [
      point(newer, { onprem: "Good", offsite: "Good" }),
      point(older, { onprem: "Good", offsite: "Good" }),
    ];
    expect(choose("Incremental", points)).toMatchObject({
      chain: newer,
      type: "Incremental",
      reason: "NewestChain",
      targets: [
        { target: "onprem", expect: "Present" },
        { target: "offsite", expect: "Present" },
      ],
    });
  });

  test("becomes a Full where there is no chain, and says so", () => {
    const decision = choose("Incremental", []);
    expect(decision).toMatchObject({ chain: "20261123T010000Z", type: "Full", reason: "NoChainYet" });
    expect(decision.message).toContain("becomes a Full");
    expect(decision.targets[0]?.expect).toBe("Absent");
  });

  test("lets a target catch up that was down when the chain was made", () => {
    const points = [point(newer, { onprem: "Good", offsite: "Failed" }), point(older, { offsite: "Good" })];
    expect(choose("Incremental", points)).toMatchObject({
      chain: newer,
      targets: [
        { target: "onprem", expect: "Present" },
        { target: "offsite", expect: "Any" },
      ],
    });
  });

  test("goes on in a chain whose points are incomplete: their data is there", () => {
    expect(choose("Incremental", [point(newer, { onprem: "Incomplete" })])).toMatchObject({
      chain: newer,
      targets: [{ expect: "Present" }, { expect: "Any" }],
    });
  });

  test.each<CopyState>(["Failed", "InProgress", "Pruned", "Missing"])(
    "does not take a chain that is only %s",
    (state) => {
      const points = [point(newer, { onprem: state }), point(older, { onprem: "Good", offsite: "Good" })];
      expect(choose("Incremental", points).chain).toBe(older);
    },
  );

  test("does not take a chain that only other targets have", () => {
    expect(choose("Incremental", [point(newer, { elsewhere: "Good" })]).reason).toBe("NoChainYet");
  });

  test("starts anew where everything that a target had in the chain is missing", () => {
    const points = [
      point(newer, { onprem: "Good", offsite: "Missing" }),
      point(newer, { onprem: "Good", offsite: "Missing" }),
    ];
    const decision = choose("Incremental", points);
    expect(decision).toMatchObject({ chain: "20261123T010000Z", type: "Full", reason: "CopiesMissing" });
    expect(decision.message).toContain("missing on offsite");
  });

  test("goes on where only some of a target's copies are missing", () => {
    const points = [
      point(newer, { onprem: "Good", offsite: "Missing" }),
      point(newer, { onprem: "Good", offsite: "Good" }),
    ];
    expect(choose("Incremental", points).chain).toBe(newer);
  });
});

describe("a Differential", () => {
  test("adds to the newest chain, as a Differential", () => {
    const points = [point(newer, { onprem: "Good", offsite: "Good" }), point(older, { onprem: "Good" })];
    expect(choose("Differential", points)).toMatchObject({
      chain: newer,
      type: "Differential",
      reason: "NewestChain",
      targets: [{ expect: "Present" }, { expect: "Present" }],
    });
  });

  test.each<[string, readonly ChainPoint[], string]>([
    ["there is no chain", [], "NoChainYet"],
    ["a target lost the chain", [point(newer, { onprem: "Good", offsite: "Missing" })], "CopiesMissing"],
  ])("becomes a Full where %s, and says so", (_, points, reason) => {
    const decision = choose("Differential", points);
    expect(decision).toMatchObject({ chain: "20261123T010000Z", type: "Full", reason });
    expect(decision.message).toContain("this Differential becomes a Full");
  });
});

describe("a Mirror", () => {
  test.each<[string, readonly ChainPoint[], readonly string[]]>([
    ["nothing is there yet", [], ["Any", "Any"]],
    ["there are chains", [point(newer, { onprem: "Good", offsite: "Good" })], ["Any", "Any"]],
    ["a target has a good one", [point("mirror", { onprem: "Good", offsite: "Failed" })], ["Present", "Any"]],
    ["it went missing", [point("mirror", { onprem: "Missing" })], ["Any", "Any"]],
  ])("has one place, whatever there is: %s", (_, points, expected) => {
    const decision = choose("Mirror", points);
    expect(decision).toMatchObject({ chain: "mirror", type: "Mirror" });
    expect(decision.targets.map(({ expect: must }) => must)).toEqual(expected);
  });

  test("is no chain that anything else could add to", () => {
    const mirror = point("mirror", { onprem: "Good", offsite: "Good" });
    expect(choose("Incremental", [mirror])).toMatchObject({ type: "Full", reason: "NoChainYet" });
    expect(choose("Incremental", [mirror, point(older, { onprem: "Good" })])).toMatchObject({ chain: older });
  });
});

test("a retried run goes on where its first attempt had begun", () => {
  const resume = { chain: newer, type: "Full" as const };
  expect(choose("Full", [point(newer, { onprem: "InProgress" })], { resume })).toMatchObject({
    ...resume,
    reason: "Resumed",
    targets: [{ expect: "Any" }, { expect: "Any" }],
  });
});

test("a retried Incremental does not make anew a repository that held earlier snapshots and has gone", () => {
  const resume = { chain: newer, type: "Incremental" as const };
  const points = [point(newer, { onprem: "Good" }), point(newer, { onprem: "InProgress", offsite: "InProgress" })];
  expect(choose("Incremental", points, { resume })).toMatchObject({
    targets: [{ expect: "Present" }, { expect: "Any" }],
  });
});

test("newChainName is the UTC second, or the first one after every chain there is", () => {
  expect(newChainName(now, ["20261120T010000Z", "by hand", "20269999T010000Z"])).toBe("20261123T010000Z");
  // Named by a clock that was ahead.
  expect(newChainName(now, ["20261126T010000Z", "20261120T010000Z"])).toBe("20261126T010001Z");

  expect(newChainName(now, [])).toBe("20261123T010000Z");
  expect(newChainName(new Date("2026-12-31T23:59:59Z"), ["20261231T235959Z"])).toBe("20270101T000000Z");
});

test("paths have no slash too many, with and without a prefix", () => {
  const chain = newer;
  expect(chainPath({ prefix: "prod/a", namespace: "shop", pvc: "data", chain })).toBe(`prod/a/shop/data/${chain}`);
  expect(chainPath({ namespace: "shop", pvc: "data", chain })).toBe(`shop/data/${chain}`);
  expect(volumePath({ prefix: "", namespace: "shop", pvc: "data" })).toBe("shop/data");
});

describe("forgetByChain", () => {
  const stored = [
    { id: "a1", chain: older },
    { id: "a2", chain: older },
    { id: "b1", chain: newer },
  ];
  const forget = (remove: readonly string[], newest: string | undefined = newer) =>
    forgetByChain({ stored, remove: new Set(remove), newest }).map(({ chain, points, dropWhenEmpty }) => ({
      chain,
      ids: points.map((entry) => entry.id),
      dropWhenEmpty,
    }));

  test("prunes inside a chain that keeps something", () => {
    expect(forget(["a1"])).toEqual([{ chain: older, ids: ["a1"], dropWhenEmpty: false }]);
  });

  test("drops a chain that keeps nothing", () => {
    expect(forget(["a1", "a2"])).toEqual([{ chain: older, ids: ["a1", "a2"], dropWhenEmpty: true }]);
  });

  test("never drops the newest chain, which the next run adds to", () => {
    expect(forget(["b1"])).toEqual([{ chain: newer, ids: ["b1"], dropWhenEmpty: false }]);
  });

  test("leaves chains alone that lose nothing", () => {
    expect(forget([])).toEqual([]);
  });
});
