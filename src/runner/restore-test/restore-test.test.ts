import { expect, it } from "vitest";
import type { TestResult } from "../../api/restoretest.ts";
import { summarize } from "./restore-test.ts";
import { mergeResults } from "./results.ts";

const result = (
  id: string,
  outcome: TestResult["result"],
  reason: string,
  time = "2026-11-23T05:00:00Z",
): TestResult => ({
  id,
  pvc: id.split("/")[0] ?? "",
  target: id.split("/")[1] ?? "",
  result: outcome,
  reason,
  message: `it ${reason}`,
  time,
});

it("passes only if every copy did", () => {
  const passed = [result("data/onprem", "Passed", "Succeeded"), result("data/offsite", "Passed", "Succeeded")];
  expect(summarize(passed)).toMatchObject({ outcome: "Succeeded" });
  const failed = result("data/offsite", "Failed", "RepositoryDamaged");
  expect(summarize([...passed, failed])).toMatchObject({
    outcome: "Failed",
    reason: "RepositoryDamaged",
    message: "1 of 3 copies failed their test; data/offsite: it RepositoryDamaged",
  });
  const other = result("web/onprem", "Failed", "CheckFailed");
  expect(summarize([failed, other])).toMatchObject({ outcome: "Failed", reason: "CopiesFailed" });
});

it("keeps the results of the run before only for what is still to come", () => {
  const before = [result("a/t", "Passed", "old"), result("b/t", "Passed", "old"), result("gone/t", "Passed", "old")];
  const merged = mergeResults(["a/t", "b/t", "c/t"], [result("a/t", "Failed", "new")], before);
  expect(merged.map(({ id, reason }) => `${id} ${reason}`)).toEqual(["a/t new", "b/t old"]);
});
