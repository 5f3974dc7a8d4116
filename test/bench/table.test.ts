import { describe, expect, it } from "vitest";
import type { Row } from "./summary.ts";
import { describeMachine, markdownTable } from "./table.ts";

const spread = (median: number) => ({ median, least: median / 2, greatest: median * 2 });

const row: Row = {
  data: "rnd",
  store: "s3",
  step: "restore",
  contestant: "restic",
  wall: spread(4),
  cpu: spread(12.34),
  memory: spread(150 * 1024 ** 2),
  storedBytes: undefined,
  traffic: { requests: 1234, sentBytes: 2048, receivedBytes: 3 * 1024 ** 2 },
  repetitions: 3,
  ratios: { wall: 0.5, cpu: 1.25, memory: 1, stored: undefined },
};

const bodyOf = (rows: readonly Row[]) => markdownTable(rows).split("\n").slice(2);

describe("The table", () => {
  it("shows medians, the spread, traffic and ratios", () => {
    expect(bodyOf([row])).toEqual([
      "| restore | restic | 4.00 (2.00 to 8.00) | 12.3 | 150.0 MiB | 2.0 KiB | 3.0 MiB | 1,234 |  | 0.50× | 1.25× | 1.00× |  |",
    ]);
  });

  it("goes by steps, and within a step keeps the order", () => {
    const first: Row = { ...row, step: "first backup", contestant: "b" };
    expect(bodyOf([row, first, { ...first, contestant: "a" }]).map((line) => line.split(" | ").slice(0, 2))).toEqual([
      ["| first backup", "b"],
      ["| first backup", "a"],
      ["| restore", "restic"],
    ]);
  });

  it("says of a failure why, in one cell, and gives no number", () => {
    const failed: Row = { data: "rnd", store: "s3", step: "restore", contestant: "x", failure: "a|b\nc\t d" };
    expect(bodyOf([failed])).toEqual(["| restore | x | failed: a/b c d |  |  |  |  |  |  |  |  |  |  |"]);
  });

  it("has as many cells in each line", () => {
    const failed: Row = { data: "rnd", store: "s3", step: "restore", contestant: "x", failure: "y" };
    expect(
      new Set(
        markdownTable([row, failed])
          .split("\n")
          .map((line) => line.split("|").length),
      ).size,
    ).toBe(1);
  });
});

it("The machine is described in one line", () => {
  const facts = { date: "2026-11-24", processor: "X", cores: 2, memoryBytes: 24 * 1024 ** 3, system: "Linux 6" };
  expect(describeMachine(facts)).toBe("2026-11-24, X, 2 cores, 24.0 GiB of memory, Linux 6");
});
