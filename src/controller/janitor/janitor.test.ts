import { describe, expect, it } from "vitest";
import type { RestorePoint } from "../../api/objects.ts";
import type { Copy } from "../../api/restorepoint.ts";
import type { Job, KubeObject, Stored } from "../../kube/types.ts";
import { runStates } from "./janitor.ts";
import { lostPoints, lostStatus } from "./lost-points.ts";
import { selectClaims, selectLeftovers } from "./select.ts";

const now = new Date("2026-11-23T02:00:00Z");
const managed = { "app.kubernetes.io/managed-by": "holdfast", "holdfast.dev/run": "dead" };

const object = (name: string, labels: Record<string, string> = managed, more: object = {}): Stored<KubeObject> => ({
  apiVersion: "v1",
  kind: "Thing",
  metadata: {
    name,
    namespace: "shop",
    uid: name,
    resourceVersion: "1",
    creationTimestamp: "2026-11-23T01:00:00Z",
    labels,
    ...more,
  },
});
const names = (objects: readonly KubeObject[]) => objects.map(({ metadata }) => metadata.name);
const dead = () => "Over" as const;

describe("selectLeftovers", () => {
  it("takes what a dead run made", () => {
    expect(names(selectLeftovers({ objects: [object("clone")], stateOf: dead }))).toEqual(["clone"]);
  });

  it.each(["Active", "EndedJustNow"] as const)("leaves a run alone that is %s", (state) => {
    expect(selectLeftovers({ objects: [object("clone")], stateOf: () => state })).toEqual([]);
  });

  it.each([
    ["belongs to no run", { "app.kubernetes.io/managed-by": "holdfast" }, {}],
    ["somebody else manages", { ...managed, "app.kubernetes.io/managed-by": "helm" }, {}],
    ["is kept to be looked at", managed, { annotations: { "holdfast.dev/kept": "dead" } }],
    ["is being deleted", managed, { deletionTimestamp: "2026-11-23T01:00:00Z" }],
  ])("leaves alone what %s", (_, labels, more) => {
    expect(selectLeftovers({ objects: [object("x", labels, more)], stateOf: dead })).toEqual([]);
  });
});

describe("selectClaims", () => {
  const owned = { ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name: "j", uid: "dead" }] };
  const select = (claim: Stored<KubeObject>) => names(selectClaims({ objects: [claim], stateOf: dead }));

  it("takes a clone that its run's Job owns", () => expect(select(object("clone", managed, owned))).toEqual(["clone"]));
  it.each([
    ["nobody owns: restored data", object("restored")],
    ["a Restore made, whatever else it says", object("restored", { ...managed, "holdfast.dev/restore": "r" }, owned)],
    [
      "another Job owns",
      object("other", managed, { ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name: "j", uid: "other" }] }),
    ],
  ])("never takes a PVC which %s", (_, claim) => expect(select(claim)).toEqual([]));
});

it("runStates tells running, just ended, long ended and vanished runs apart", () => {
  const job = (uid: string, endedAt?: string): Stored<Job> => ({
    ...object(uid),
    apiVersion: "batch/v1",
    kind: "Job",
    status: endedAt ? { conditions: [{ type: "Failed", status: "True", lastTransitionTime: endedAt }] } : {},
  });
  const stateOf = runStates([job("a"), job("b", "2026-11-23T01:59:00Z"), job("c", "2026-11-23T01:00:00Z")], now);
  expect(["a", "b", "c", "d"].map(stateOf)).toEqual(["Active", "EndedJustNow", "Over", "Over"]);
});

describe("restore points of dead runs", () => {
  const copy = (target: string, state: Copy["state"]): Copy => ({ target, state });
  const point = (phase: "InProgress" | "Succeeded" | undefined, copies: Copy[] = []): Stored<RestorePoint> =>
    ({
      ...object("p"),
      spec: { run: "dead" },
      status: phase ? { phase, copies, progress: {} } : undefined,
    }) as unknown as Stored<RestorePoint>;

  it("are those in progress whose run is over", () => {
    expect(lostPoints([point("InProgress"), point(undefined), point("Succeeded")], () => true, now).length).toBe(2);
    expect(lostPoints([point("InProgress")], () => false, now)).toEqual([]);
  });

  it("are not those that were brought from another cluster a moment ago, and have yet to be told what they are", () => {
    const made = (secondsAgo: number, phase?: "InProgress") => {
      const { metadata, ...rest } = point(phase);
      const creationTimestamp = new Date(now.getTime() - secondsAgo * 1000).toISOString();
      return { ...rest, metadata: { ...metadata, creationTimestamp } } as Stored<RestorePoint>;
    };
    expect(lostPoints([made(240)], () => true, now)).toEqual([]);
    expect(lostPoints([made(360)], () => true, now)).toHaveLength(1);
    expect(lostPoints([made(10, "InProgress")], () => true, now)).toHaveLength(1);
  });

  it("have failed, but for what their run had confirmed", () => {
    const none = lostStatus(point("InProgress", [copy("a", "InProgress")]), now);
    expect(none).toMatchObject({ phase: "Failed", copies: [{ target: "a", state: "Failed", reason: "RunLost" }] });
    const some = lostStatus(point("InProgress", [copy("a", "Good"), copy("b", "InProgress")]), now);
    expect(some).toMatchObject({ phase: "Degraded", copies: [{ state: "Good" }, { state: "Failed" }] });
    expect(some.progress).toBeUndefined();
  });
});
