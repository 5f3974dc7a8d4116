import { expect, test } from "vitest";
import type { Lock, ProcessIdentity } from "./lock-file.ts";
import { conflicts, judgeLock, type LockView } from "./lock-rules.ts";

const minute = 60_000;
const now = 1_000 * minute;
const alive: ProcessIdentity = { boot: "boot", namespace: "pid:[1]", started: "100" };
const view: LockView = {
  now,
  holder: "me",
  deadHolders: ["gone"],
  self: { ...alive, started: "999" },
  identityOf: (pid) => (pid === 7 ? alive : undefined),
};
const lock: Lock = { id: "0", time: now - minute, exclusive: false, hostname: "someone", pid: 7 };

test.each<[string, Partial<Lock>, string]>([
  ["somebody's", {}, "Alive"],
  ["29 minutes old", { time: now - 29 * minute }, "Alive"],
  ["31 minutes old", { time: now - 31 * minute }, "Stale"],
  ["from the future, as clocks differ", { time: now + 60 * minute }, "Alive"],
  ["of a holder that is proven gone", { hostname: "gone" }, "DeadHolder"],
  ["of our host with a process that does not exist, as restic writes it", { hostname: "me", pid: 8 }, "Alive"],
  ["of our host, and its process runs", { hostname: "me", process: alive }, "Alive"],
  ["of our host, and its process does not exist", { hostname: "me", pid: 8, process: alive }, "DeadProcess"],
  [
    "of our host, and its number went to another process",
    { hostname: "me", process: { ...alive, started: "50" } },
    "DeadProcess",
  ],
  ["of another boot", { hostname: "me", pid: 8, process: { ...alive, boot: "other" } }, "Alive"],
  ["of another process namespace", { hostname: "me", pid: 8, process: { ...alive, namespace: "pid:[2]" } }, "Alive"],
  ["of another holder on the same kernel", { pid: 8, process: alive }, "Alive"],
])("a lock %s", (_, change, verdict) => {
  expect(judgeLock({ ...lock, ...change }, view)).toBe(verdict);
});

test("proves nothing where the system does not tell about processes", () => {
  expect(judgeLock({ ...lock, hostname: "me", pid: 8, process: alive }, { ...view, self: undefined })).toBe("Alive");
});

test("only company is no conflict", () => {
  expect(conflicts({ ...lock, exclusive: false }, false)).toBe(false);
  expect(conflicts({ ...lock, exclusive: true }, false)).toBe(true);
  expect(conflicts({ ...lock, exclusive: false }, true)).toBe(true);
});
