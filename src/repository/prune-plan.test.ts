import { expect, test } from "vitest";
import { planPrune } from "./prune-plan.ts";

const plan = (
  packs: Readonly<Record<string, [used: number, unused: number]>>,
  maxUnusedShare: number,
  stored = Object.keys(packs),
) => {
  const usage = new Map(Object.entries(packs).map(([pack, [used, unused]]) => [pack, { used, unused }]));
  const { remove, rewrite, unreferenced, missing } = planPrune({
    usage,
    stored: new Map(stored.map((pack) => [pack, 1])),
    maxUnusedShare,
  });
  return { remove: [...remove], rewrite: [...rewrite], unreferenced: [...unreferenced], missing: [...missing] };
};

test("removes what is unused and keeps what is used", () => {
  expect(plan({ used: [100, 0], unused: [0, 100] }, 0)).toEqual({
    remove: ["unused"],
    rewrite: [],
    unreferenced: [],
    missing: [],
  });
});

test("rewrites the most wasteful packs first, until the rest is within the limit", () => {
  const packs: Parameters<typeof plan>[0] = { little: [900, 100], much: [100, 900], half: [500, 500] };
  expect(plan(packs, 0).rewrite).toEqual(["much", "half", "little"]);
  expect(plan(packs, 0.05).rewrite).toEqual(["much", "half", "little"]);
  expect(plan(packs, 0.1).rewrite).toEqual(["much", "half"]);
  expect(plan(packs, 0.5).rewrite).toEqual(["much"]);
  expect(plan(packs, 1).rewrite).toEqual([]);
});

test("tells packs without index from indexed packs that are not there", () => {
  expect(plan({ there: [1, 0], lost: [1, 0] }, 0, ["there", "stray"])).toMatchObject({
    unreferenced: ["stray"],
    missing: ["lost"],
  });
});
