import { describe, expect, it } from "vitest";
import type { RestorePoint } from "../../api/objects.ts";
import { chooseAgain, chooseByTime, chooseCopy } from "./choose.ts";

const pointAt = (time: string, copies: Record<string, string>, completionTime?: string) =>
  ({
    metadata: { name: time },
    spec: { time },
    status: {
      copies: Object.entries(copies).map(([target, state]) => ({
        target,
        state,
        snapshot: `s-${target}`,
        completionTime,
      })),
    },
  }) as RestorePoint;

const first = pointAt("2026-11-23T01:00:00Z", { onprem: "Good", offsite: "Good" });
const second = pointAt("2026-11-23T02:00:00Z", { onprem: "Good", offsite: "Failed" });
const broken = pointAt("2026-11-23T03:00:00Z", { onprem: "Incomplete", offsite: "Pruned" });
const points = [second, broken, first];

describe("chooseByTime", () => {
  const choose = (asOf?: string, target?: string) => chooseByTime({ points, pvc: "data", asOf, target });

  it("takes the newest good point, past one that is not good", () => {
    expect(choose().point).toBe(second);
    expect(choose().copy.target).toBe("onprem");
  });
  it("takes none that is younger than asked for; one of that very instant counts", () => {
    expect(choose("2026-11-23T02:00:00Z").point).toBe(second);
    expect(choose("2026-11-23T02:59:59+01:00").point).toBe(first);
  });
  it("takes only what is good on the target asked for", () => {
    expect(choose(undefined, "offsite").point).toBe(first);
  });
  it("says that there is none", () => {
    expect(() => choose("2026-11-23T00:59:59Z")).toThrow(/no good restore point of PVC data from 2026-11-23T00:59:59Z/);
    expect(() => choose(undefined, "nowhere")).toThrow(/on nowhere/);
  });
});

describe("chooseByTime, where a clock was ahead", () => {
  const ahead = pointAt("2026-11-26T01:30:00Z", { onprem: "Good" }, "2026-11-23T01:31:00Z");
  it("does not take what its clock calls the newest", () => {
    const all = [ahead, ...points];
    expect(chooseByTime({ points: all, pvc: "data", asOf: undefined, target: undefined }).point).toBe(second);
    const asOf = "2026-11-23T01:45:00Z";
    expect(chooseByTime({ points: all, pvc: "data", asOf, target: undefined }).point).toBe(ahead);
  });
});

describe("chooseCopy", () => {
  it("takes the first good copy, or that of the target asked for", () => {
    expect(chooseCopy(first, undefined).copy.target).toBe("onprem");
    expect(chooseCopy(first, "offsite").copy.target).toBe("offsite");
  });
  it("reads an incomplete copy only where it is asked for by name", () => {
    expect(() => chooseCopy(broken, undefined)).toThrow(/onprem: Incomplete, offsite: Pruned/);
    expect(chooseCopy(broken, "onprem").copy.state).toBe("Incomplete");
    expect(() => chooseCopy(broken, "offsite")).toThrow(/on offsite/);
  });
});

describe("chooseAgain", () => {
  it("takes the copy that was begun with, though a retention has marked it meanwhile", () => {
    expect(chooseAgain(first, { target: "offsite", snapshot: "s-offsite" })?.copy.target).toBe("offsite");
    expect(chooseAgain(broken, { target: "offsite", snapshot: "s-offsite" })?.copy.state).toBe("Pruned");
  });
  it("takes none where nothing was begun, or where the copy is another one by now", () => {
    expect(chooseAgain(first, undefined)).toBeUndefined();
    expect(chooseAgain(first, {})).toBeUndefined();
    expect(chooseAgain(first, { target: "nowhere", snapshot: "s-nowhere" })).toBeUndefined();
    expect(chooseAgain(first, { target: "offsite", snapshot: "another" })).toBeUndefined();
  });
});
