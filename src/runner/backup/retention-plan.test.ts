import { describe, expect, it } from "vitest";
import type { BackupTarget, RestorePoint } from "../../api/objects.ts";
import { emptyPoints, forgetConfigOf, planRemovals } from "./retention-plan.ts";

const target = (name: string) =>
  ({
    metadata: { name, namespace: "shop" },
    spec: { s3: { bucket: "b", region: "r", credentialsSecretRef: { name: "s" } } },
  }) as BackupTarget;

const point = (day: number, chain: number, copies: Record<string, string>, more: object = {}) => {
  const time = `2026-11-${String(day).padStart(2, "0")}T01:00:00Z`;
  return {
    metadata: { name: `p${day}`, ...more },
    spec: { time, chain: `c${chain}`, pvc: { name: "data", uid: "now" } },
    status: {
      phase: "Succeeded",
      copies: Object.entries(copies).map(([name, state]) => ({
        target: name,
        state,
        ...(state === "Failed" ? {} : { snapshot: `${name}-${day}` }),
      })),
    },
  } as unknown as RestorePoint;
};

const plan = (points: RestorePoint[], keepLast: number | undefined, ...names: string[]) =>
  planRemovals({
    points,
    current: "none of these",
    targets: names.map(target),
    rules: keepLast === undefined ? undefined : { keepLast },
    timeZone: "Etc/UTC",
    repositoryOn: ({ metadata }, chain) => `${metadata.name}/${chain}`,
  }).map(({ target: { metadata }, chains }) => ({
    target: metadata.name,
    chains: chains.map(({ chain, points: gone, remains, dropWhenEmpty }) => ({
      chain,
      gone: gone.map(({ metadata: { name } }) => name),
      remains: remains.map(({ metadata: { name } }) => name),
      dropWhenEmpty,
    })),
  }));

describe("planRemovals, where a storage's clock was ahead", () => {
  const writtenOn = (day: number, written: string | undefined): RestorePoint => {
    const made = point(day, 1, { onprem: "Good" });
    const copies = (made.status?.copies ?? []).map((copy) => ({ ...copy, completionTime: written }));
    return { ...made, status: { ...made.status, copies } } as RestorePoint;
  };
  const removed = (points: RestorePoint[], current: string) =>
    planRemovals({
      points,
      current,
      targets: [target("onprem")],
      rules: { keepLast: 2 },
      timeZone: "Etc/UTC",
      repositoryOn: () => "there",
    }).flatMap(({ chains }) => chains.flatMap(({ points: gone }) => gone.map(({ metadata: { name } }) => name)));

  it("lets what is new push out what was dated too late, and not the other way round", () => {
    const ahead = [25, 26].map((day) => writtenOn(day, `2026-11-0${day - 20}T01:10:00Z`));
    const since = [7, 8].map((day) => writtenOn(day, `2026-11-0${day}T01:10:00Z`));
    expect(removed([...ahead, ...since], "p8").sort()).toEqual(["p25", "p26"]);
  });

  it("keeps what the run has just written, also where both clocks were ahead", () => {
    const ahead = [25, 26, 27].map((day) => writtenOn(day, undefined));
    expect(removed([...ahead, writtenOn(8, undefined)], "p8")).toEqual(["p25"]);
  });
});

describe("planRemovals", () => {
  it("drops a chain when nothing of it stays, and prunes inside the newest", () => {
    const points = [1, 2].map((day) => point(day, 1, { onprem: "Good" }));
    const newer = [3, 4, 5].map((day) => point(day, 3, { onprem: "Good" }));
    expect(plan([...points, ...newer], 2, "onprem")).toEqual([
      {
        target: "onprem",
        chains: [
          { chain: "c1", gone: ["p1", "p2"], remains: [], dropWhenEmpty: true },
          { chain: "c3", gone: ["p3"], remains: [], dropWhenEmpty: false },
        ],
      },
    ]);
  });

  it("leaves mirrors alone, and lets none stand in for the newest point of the chains", () => {
    const mirror = (day: number, state: string) => {
      const made = point(day, 0, { onprem: state });
      return { ...made, spec: { ...made.spec, chain: "mirror" } } as RestorePoint;
    };
    const chain = [1, 2].map((day) => point(day, 1, { onprem: "Good" }));
    expect(plan([...chain, mirror(3, "Failed"), mirror(4, "Good"), mirror(5, "Good")], 1, "onprem")).toEqual([
      { target: "onprem", chains: [{ chain: "c1", gone: ["p1"], remains: [], dropWhenEmpty: false }] },
    ]);
    expect(plan([mirror(3, "Failed")], 1, "onprem")).toEqual([]);
  });

  it("judges each target by its own copies", () => {
    const points = [
      point(1, 1, { onprem: "Good", offsite: "Good" }),
      point(2, 1, { onprem: "Good", offsite: "Failed" }),
      point(3, 1, { onprem: "Good", offsite: "Failed" }),
    ];
    expect(plan(points, 1, "onprem", "offsite")).toEqual([
      { target: "onprem", chains: [{ chain: "c1", gone: ["p1", "p2"], remains: [], dropWhenEmpty: false }] },
    ]);
  });

  it("leaves alone what lies where the target was before", () => {
    const at = (place: string, made: RestorePoint): RestorePoint => {
      const copies = (made.status?.copies ?? []).map((copy) => ({
        ...copy,
        repository: `${place}/${made.spec.chain}`,
      }));
      return { ...made, status: { ...made.status, copies } };
    };
    const points = [1, 2, 3, 4].map((day) => at(day < 3 ? "before" : "onprem", point(day, 1, { onprem: "Good" })));
    expect(plan(points, 1, "onprem")[0]?.chains).toMatchObject([{ gone: ["p3"] }]);
  });

  it("counts by themselves the points of a volume that was there before under the same name", () => {
    const before = [1, 2, 3].map((day) => {
      const made = point(day, 1, { onprem: "Good" });
      return { ...made, spec: { ...made.spec, pvc: { name: "data", uid: "before" } } } as RestorePoint;
    });
    const now = [4, 5, 6, 7].map((day) => point(day, 2, { onprem: "Good" }));
    expect(plan([...before, ...now], 3, "onprem")[0]?.chains).toMatchObject([{ chain: "c2", gone: ["p4"] }]);
    expect(plan([...before, ...now], 2, "onprem")[0]?.chains).toMatchObject([
      { chain: "c1", gone: ["p1"] },
      { chain: "c2", gone: ["p4", "p5"] },
    ]);
  });

  it("keeps what is held, and everything where there are no rules", () => {
    const held = point(1, 1, { onprem: "Good" }, { annotations: { "holdfast.dev/hold": "audit" } });
    const points = [held, point(2, 1, { onprem: "Good" }), point(3, 1, { onprem: "Good" })];
    expect(plan(points, 1, "onprem")[0]?.chains).toMatchObject([{ gone: ["p2"] }]);
    expect(plan(points, undefined, "onprem")).toEqual([]);
  });

  it("removes what a failed run left in a chain that nobody adds to", () => {
    const points = [
      point(1, 1, { onprem: "Failed" }),
      point(2, 2, { onprem: "Good" }),
      point(3, 2, { onprem: "Failed" }),
    ];
    expect(plan(points, undefined, "onprem")).toEqual([
      { target: "onprem", chains: [{ chain: "c1", gone: [], remains: ["p1"], dropWhenEmpty: true }] },
    ]);
  });

  it("never touches a target that it is not given", () => {
    const points = [1, 2, 3].map((day) => point(day, 1, { onprem: "Good", offsite: "Good" }));
    expect(plan(points, 1, "offsite").map(({ target: name }) => name)).toEqual(["offsite"]);
  });
});

it("tells the mover the snapshots of that target, chain by chain", () => {
  const points = [1, 2].map((day) => point(day, 1, { onprem: "Good", offsite: "Good" }));
  const newest = point(3, 3, { onprem: "Good", offsite: "Good" });
  const removals = planRemovals({
    points: [...points, newest],
    current: newest.metadata.name,
    targets: [target("offsite")],
    rules: { keepLast: 1 },
    timeZone: "Etc/UTC",
    repositoryOn: (_, chain) => chain,
  });
  const lock = { holder: "h", deadHolders: [], waitSeconds: 1 };
  const config = forgetConfigOf({ removals, namespace: "shop", pvc: "data", rules: { maximumUnused: 20 }, lock });
  expect(config.maxUnusedShare).toBe(0.2);
  expect(config.targets).toMatchObject([
    {
      name: "offsite",
      chains: [
        {
          chain: "c1",
          repository: { url: "s3://b/shop/data/c1", credentialsDirectory: "/credentials/offsite" },
          snapshots: ["offsite-1", "offsite-2"],
          dropWhenEmpty: true,
        },
      ],
    },
  ]);
});

describe("emptyPoints", () => {
  const names = (points: RestorePoint[]) => emptyPoints(points).map(({ metadata }) => metadata.name);

  it("are those whose last copy was pruned", () => {
    const points = [
      point(1, 1, { onprem: "Pruned", offsite: "Pruned" }),
      point(2, 1, { onprem: "Pruned", offsite: "Good" }),
      point(3, 1, { onprem: "Pruned", offsite: "Failed" }),
      point(4, 1, { onprem: "Good" }),
    ];
    expect(names(points)).toEqual(["p1", "p3"]);
  });

  it("and of those that failed or went missing all but the newest five", () => {
    const failed = [1, 2, 3, 4, 5, 6, 7].map((day) => point(day, 1, { onprem: day % 2 ? "Failed" : "Missing" }));
    expect(names(failed)).toEqual(["p2", "p1"]);
  });

  it("but none that is held or was verified: its store may come back", () => {
    const missing = [1, 2, 3, 4, 5, 6, 7, 8].map((day) => point(day, 1, { onprem: "Missing" }));
    const held = {
      ...missing[0],
      metadata: { name: "p1", namespace: "shop", annotations: { "holdfast.dev/hold": "audit" } },
    } as RestorePoint;
    const copies = (missing[1]?.status?.copies ?? []).map((copy) => ({ ...copy, verified: { result: "Passed" } }));
    const verified = { ...missing[1], status: { phase: "Succeeded", copies } } as RestorePoint;
    expect(names([held, verified, ...missing.slice(2)])).toEqual(["p3"]);
  });

  it.each([
    ["held", { annotations: { "holdfast.dev/hold": "audit" } }, {}],
    ["verified", {}, { verified: { result: "Passed" } }],
  ])("nor one that is %s, though another copy of it was pruned", (_, more, found) => {
    const gone = point(1, 1, { onprem: "Pruned", offsite: "Missing" });
    const [onprem, offsite] = gone.status?.copies ?? [];
    const precious = {
      ...gone,
      metadata: { ...gone.metadata, ...more },
      status: { ...gone.status, copies: [onprem, { ...offsite, ...found }] },
    } as RestorePoint;
    expect(names([gone])).toEqual(["p1"]);
    expect(names([precious])).toEqual([]);
  });

  it("but never one that is being made, or that has an incomplete copy", () => {
    const running = point(1, 1, { onprem: "InProgress" });
    expect(names([running, point(2, 1, { onprem: "Incomplete", offsite: "Pruned" })])).toEqual([]);
  });
});
