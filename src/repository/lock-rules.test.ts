import { expect, test } from "vitest";
import type { Lock, ProcessIdentity } from "./lock-file.ts";
import { conflicts, judgeLock, type LockView } from "./lock-rules.ts";

const minute = 60_000;
const now = 1_000 * minute;
const alive: ProcessIdentity = { boot: "boot", namespace: "pid:[1]", started: "100" };
const view: LockView = {
  now,
  storedFor: 40 * minute,
  holder: "me",
  deadHolders: ["gone"],
  self: { ...alive, started: "999" },
  identityOf: (pid) => (pid === 7 ? alive : undefined),
  isGone: (pid) => pid === 8,
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
  ["of our host, and its process is hidden from us", { hostname: "me", pid: 9, process: alive }, "Alive"],
  ["of another boot", { hostname: "me", pid: 8, process: { ...alive, boot: "other" } }, "Alive"],
  ["of another process namespace", { hostname: "me", pid: 8, process: { ...alive, namespace: "pid:[2]" } }, "Alive"],
  ["of another holder on the same kernel", { pid: 8, process: alive }, "Alive"],
])("a lock %s", (_, change, verdict) => {
  expect(judgeLock({ ...lock, ...change }, view)).toBe(verdict);
});

test("a lock that is old by its holder's clock and young by the store's is somebody's at work", () => {
  const old = { ...lock, time: now - 31 * minute };
  expect(judgeLock(old, { ...view, storedFor: 5 * minute })).toBe("Alive");
  expect(judgeLock(old, { ...view, storedFor: 31 * minute })).toBe("Stale");
  expect(judgeLock(old, { ...view, storedFor: Number.POSITIVE_INFINITY })).toBe("Stale");
});

test("proves nothing where the system does not tell about processes", () => {
  expect(judgeLock({ ...lock, hostname: "me", pid: 8, process: alive }, { ...view, self: undefined })).toBe("Alive");
});

test("only company is no conflict", () => {
  expect(conflicts({ ...lock, exclusive: false }, false)).toBe(false);
  expect(conflicts({ ...lock, exclusive: true }, false)).toBe(true);
  expect(conflicts({ ...lock, exclusive: false }, true)).toBe(true);
});
