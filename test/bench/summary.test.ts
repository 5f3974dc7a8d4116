import { describe, expect, it } from "vitest";
import type { Sample } from "./sample.ts";
import { type Row, summarise } from "./summary.ts";

const sample = (contestant: string, repetition: number, wallSeconds: number, storedBytes = 1000): Sample => ({
  data: "rnd",
  store: "folder",
  step: "first backup",
  contestant,
  repetition,
  cost: { wallSeconds, cpuSeconds: wallSeconds * 2, peakBytes: wallSeconds * 100 },
  storedBytes,
  traffic: repetition === 0 ? { requests: 7, sentBytes: 5, receivedBytes: 3 } : undefined,
});

const rowOf = (rows: readonly Row[], contestant: string) => rows.find((row) => row.contestant === contestant);

describe("A summary", () => {
  it("takes times from all repetitions but the first, and the traffic from that one", () => {
    const [row] = summarise([sample("holdfast", 0, 99), sample("holdfast", 1, 3), sample("holdfast", 2, 1)]);
    expect(row).toMatchObject({
      wall: { median: 2, least: 1, greatest: 3 },
      cpu: { median: 4 },
      memory: { median: 200 },
      traffic: { requests: 7 },
      repetitions: 2,
      ratios: undefined,
    });
  });

  it("divides Holdfast's medians by each peer's", () => {
    const rows = summarise([sample("holdfast", 1, 1, 900), sample("restic", 1, 4, 1000), sample("kopia", 1, 2, 0)]);
    expect(rowOf(rows, "restic")).toMatchObject({ ratios: { wall: 0.25, cpu: 0.25, memory: 0.25, stored: 0.9 } });
    expect(rowOf(rows, "kopia")).toMatchObject({ ratios: { wall: 0.5, stored: undefined }, storedBytes: undefined });
  });

  it("counts no time of a case that failed once, and compares nothing with it", () => {
    const failure: Sample = {
      data: "rnd",
      store: "folder",
      step: "first backup",
      contestant: "holdfast",
      repetition: 2,
      failure: "differs",
    };
    const rows = summarise([sample("holdfast", 1, 1), failure, sample("restic", 1, 4)]);
    expect(rowOf(rows, "holdfast")).toMatchObject({ failure: "differs" });
    expect(rowOf(rows, "restic")).toMatchObject({ ratios: undefined });
  });

  it("keeps data sets, stores and steps apart", () => {
    const other = { ...sample("restic", 1, 4), data: "src" };
    expect(rowOf(summarise([sample("holdfast", 1, 1), other]), "restic")).toMatchObject({ ratios: undefined });
  });

  it("says nothing of what was only warmed up", () => {
    expect(summarise([sample("holdfast", 0, 1)])).toEqual([]);
  });
});
