import { expect, test } from "vitest";
import { describeFreed, tidiedStatus } from "./retain.ts";

const good = { state: "Good", chainsDropped: 0 } as const;

test("says what each target has less, and nothing of those that lost nothing", () => {
  const text = describeFreed([
    { ...good, target: "onprem", snapshotsRemoved: 2, bytesFreed: 1536 },
    { ...good, target: "offsite", snapshotsRemoved: 0, bytesFreed: 0 },
    { ...good, target: "far", state: "Failed", snapshotsRemoved: 1, bytesFreed: 0 },
  ]);
  expect(text).toBe("onprem: 2 snapshots removed, 1.5 KiB freed; far: 1 snapshot removed, 0 B freed");
});

test("says nothing where nothing was removed", () => {
  expect(describeFreed([])).toBe("");
});

test("notes on a copy that it is gone, and what its target has less", () => {
  const copies = [
    { target: "onprem", state: "Good" as const },
    { target: "offsite", state: "Good" as const },
  ];
  const freed = [{ ...good, target: "offsite", snapshotsRemoved: 1, bytesFreed: 1536 }];
  expect(tidiedStatus({ phase: "Succeeded", copies }, { prunedFrom: ["onprem"], freed })).toEqual({
    phase: "Succeeded",
    copies: [
      { target: "onprem", state: "Pruned" },
      { target: "offsite", state: "Good", bytesFreed: 1536 },
    ],
  });
});
