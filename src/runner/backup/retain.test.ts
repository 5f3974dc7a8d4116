import { expect, test } from "vitest";
import { describeFreed } from "./retain.ts";

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
