import { expect, it } from "vitest";
import type { RepairIndexReport } from "../repository/repair-index.ts";
import { describeRepair } from "./repair.ts";

const report: RepairIndexReport = {
  packs: 4,
  blobs: 9,
  indexesRemoved: 0,
  damagedIndexes: [],
  damagedPacks: [],
  missingPacks: [],
  packsWithoutOwner: 3,
  differentials: 0,
  unreadSnapshots: 0,
};

it.each<[string, Partial<RepairIndexReport>, said: RegExp]>([
  ["2 Differentials", { differentials: 2 }, /wrote 3 packs: of the 2 Differentials, those that need them/],
  [
    "a snapshot that could not be read, which may be one",
    { unreadSnapshots: 1 },
    /wrote 3 packs: of the 0 Differentials that could be read, and any among 1 snapshot that could not, those that need/,
  ],
])("repair index says that nobody knows who wrote packs where there are %s", (_, of, said) => {
  expect(describeRepair({ ...report, ...of }, true).said).toEqual([expect.anything(), expect.stringMatching(said)]);
});

it("says nothing of it where there is no Differential, or all packs are known", () => {
  expect(describeRepair(report, true).said).toHaveLength(1);
  const known = { ...report, packsWithoutOwner: 0, differentials: 2, unreadSnapshots: 1 };
  expect(describeRepair(known, true).said).toHaveLength(1);
});
