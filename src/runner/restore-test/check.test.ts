import { expect, it } from "vitest";
import { describe as explain } from "./check.ts";

const check = { name: "opens", timeout: "90s" };
const end = (exitCode: number, terminationMessage: string, reason?: string) => ({
  exitCode,
  reason: undefined,
  terminationMessage,
  pod: { status: { reason } },
});

it("says the exit code and the end of the output", () => {
  const lines = Array.from({ length: 15 }, (_, index) => `line ${index}`).join("\n");
  const said = explain(check, end(3, lines));
  expect(said).toContain("the check opens exited with 3");
  expect(said).toContain("line 14");
  expect(said).not.toContain("line 4\n");
});

it("says so when it printed nothing, and when its time was over", () => {
  expect(explain(check, end(1, ""))).toContain("printed nothing");
  expect(explain(check, end(137, "", "DeadlineExceeded"))).toContain("did not end within 90s");
});
