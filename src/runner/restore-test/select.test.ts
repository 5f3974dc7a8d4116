import { expect, it } from "vitest";
import type { RestorePoint } from "../../api/objects.ts";
import { assertFresh, selectPoint } from "./select.ts";

const pvc = { name: "data", uid: "u1" };
const pointAt = (hour: number, state: string, uid = "u1", type = "Incremental") =>
  ({
    metadata: { name: `p${hour}` },
    spec: { time: `2026-11-23T0${hour}:00:00Z`, pvc: { name: "data", uid }, type },
    status: { copies: [{ target: "onprem", state, snapshot: "s" }] },
  }) as RestorePoint;

const points = [
  pointAt(3, "Good"),
  pointAt(5, "Incomplete"),
  pointAt(1, "Pruned"),
  pointAt(2, "Good"),
  pointAt(4, "Good"),
  pointAt(6, "Good", "u0"),
];
const select = (which: "Latest" | "Oldest" | "Random", target = "onprem", random = 0) =>
  selectPoint({ points, pvc, target, kind: "chain", which, random: () => random }).point.metadata.name;

it("takes the newest or the oldest good point of this very PVC", () => {
  expect(select("Latest")).toBe("p4");
  expect(select("Oldest")).toBe("p2");
});

it("takes any good one at random, the first and the last too", () => {
  expect([0, 0.34, 0.99].map((random) => select("Random", "onprem", random))).toEqual(["p2", "p3", "p4"]);
});

it("does not take for the newest what a clock ahead has dated", () => {
  const ahead = pointAt(9, "Good");
  const [copy] = ahead.status?.copies ?? [];
  const written = {
    ...ahead,
    status: { ...ahead.status, copies: [{ ...copy, completionTime: "2026-11-23T01:30:00Z" }] },
  };
  const all = [...points, written as RestorePoint];
  const which = (which: "Latest" | "Oldest") =>
    selectPoint({ points: all, pvc, target: "onprem", kind: "chain", which, random: () => 0 }).point.metadata.name;
  expect([which("Latest"), which("Oldest")]).toEqual(["p4", "p9"]);
});

it("says that there is nothing to restore", () => {
  expect(() => select("Latest", "offsite")).toThrow(/no good restore point on offsite/);
  expect(() => select("Random", "offsite")).toThrow(/no good restore point on offsite/);
});

it("takes a chain's point where a mirror is newer, and the mirror where that is asked for", () => {
  const all = [...points, pointAt(8, "Good", "u1", "Mirror")];
  const chosen = (kind: "chain" | "mirror") =>
    selectPoint({ points: all, pvc, target: "onprem", kind, which: "Latest", random: () => 0 }).point.metadata.name;
  expect([chosen("chain"), chosen("mirror")]).toEqual(["p4", "p8"]);
  const select = () => selectPoint({ points, pvc, target: "onprem", kind: "mirror", which: "Latest", random: () => 0 });
  expect(select).toThrow(/no good mirror on onprem/);
});

it("does not let an old point pass for the newest once backups have stopped", () => {
  const assertAt = (now: string, given = points, target = "onprem") => {
    assertFresh({ points: given, pvc, target, maxAgeSeconds: 3600, now: new Date(now) });
  };
  expect(() => assertAt("2026-11-23T05:00:00Z")).not.toThrow();
  expect(() => assertAt("2026-11-23T05:00:01Z")).toThrow(
    "the newest good copy of PVC data on onprem is from 2026-11-23T04:00:00Z, older than the 1h that it may be",
  );
  const mirrored = [...points, pointAt(7, "Good", "u1", "Mirror")];
  expect(() => assertAt("2026-11-23T08:00:00Z", mirrored)).not.toThrow();
  const ahead = [...points, pointAt(9, "Good")];
  expect(() => assertAt("2026-11-23T08:00:00Z", ahead), "a clock ahead proves nothing").toThrow(/T04:00:00Z/);
  const nothing = () => assertAt("2026-11-23T08:00:00Z", [pointAt(9, "Good")]);
  expect(nothing, "nor does it where there is no other").toThrow(
    expect.objectContaining({ reason: "RestorePointTooOld", message: expect.stringContaining("nobody knows how old") }),
  );
});
