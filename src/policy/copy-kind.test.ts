import { expect, test } from "vitest";
import { copyKind, copyKindsOn } from "./copy-kind.ts";

test("only a Mirror is none of a chain", () => {
  expect((["Full", "Incremental", "Differential", "Mirror"] as const).map(copyKind)).toEqual([
    "chain",
    "chain",
    "chain",
    "mirror",
  ]);
});

test("a target has the kinds that the schedules make there, each once and chains first", () => {
  const schedules = [
    { type: "Mirror", targets: ["offsite", "shelf"] },
    { type: "Incremental", targets: ["onprem", "offsite"] },
    { type: "Full", targets: ["onprem", "offsite"] },
  ] as const;
  expect(["onprem", "offsite", "shelf", "elsewhere"].map((target) => copyKindsOn(schedules, target))).toEqual([
    ["chain"],
    ["chain", "mirror"],
    ["mirror"],
    [],
  ]);
});
