import { expect, it } from "vitest";
import type { KeyDescription } from "../repository/change-keys.ts";
import { exitCodeOf } from "./exit.ts";
import { reportOf } from "./key.ts";

const good: KeyDescription = { id: "a".repeat(64), current: true, created: "2026-11-01T03:00:00Z", username: "ann" };
const damaged: KeyDescription = { id: "b".repeat(64), current: false, problem: "The key bbbbbbbb is damaged." };

it.each<[string, readonly KeyDescription[], code: number, problems: readonly string[]]>([
  ["whole", [good], 0, []],
  ["damaged, in part", [good, damaged], 1, ["The key bbbbbbbb is damaged."]],
])("key list of keys that are %s", (_, keys, code, problems) => {
  const report = reportOf(keys);
  expect(exitCodeOf(report)).toBe(code);
  expect(report).toMatchObject({ fields: { keys }, problems });
  expect(report.said).toHaveLength(keys.length + 2);
});
