import { describe, expect, it } from "vitest";
import type { Lease, Node, Pod, Stored } from "../kube/types.ts";
import { forgetOldest, isProvenDead, recordOf, recordsOf } from "./mover-records.ts";

const podOf = (uid: string, phase: string, nodeName?: string) =>
  ({ metadata: { name: "mover-x", uid }, spec: { nodeName }, status: { phase } }) as Stored<Pod>;
const leaseWith = (annotations: Record<string, string>) =>
  ({ metadata: { name: "l", annotations } }) as unknown as Lease;
const nodeWith = (ready: string) => ({ status: { conditions: [{ type: "Ready", status: ready }] } }) as unknown as Node;
const record = { uid: "u1", time: "2026-11-23T01:00:00.000Z", pod: "mover-x", node: "n1" };

describe("records on a Lease", () => {
  it("are read as they were written, oldest first, past other annotations", () => {
    const later = recordOf(podOf("u2", "Pending"), new Date("2026-11-23T02:00:00Z"));
    const earlier = recordOf(podOf("u1", "Running", "n1"), new Date("2026-11-23T01:00:00Z"));
    expect(recordsOf(leaseWith({ ...later, other: "a b c", "mover.holdfast.dev/bad": "", ...earlier }))).toEqual([
      record,
      { uid: "u2", time: "2026-11-23T02:00:00.000Z", pod: "mover-x", node: undefined },
    ]);
  });

  it("are forgotten beyond the newest thirty", () => {
    const many = Array.from({ length: 32 }, (_, index) => ({ ...record, uid: `u${index}` }));
    expect(forgetOldest(many)).toEqual({ "mover.holdfast.dev/u0": null, "mover.holdfast.dev/u1": null });
    expect(forgetOldest(many.slice(0, 3))).toEqual({});
  });
});

describe("isProvenDead", () => {
  const cases: [string, Parameters<typeof isProvenDead>[0], boolean][] = [
    ["runs", { record, pod: podOf("u1", "Running", "n1"), node: nodeWith("True") }, false],
    ["has finished on a good node", { record, pod: podOf("u1", "Failed", "n1"), node: nodeWith("True") }, true],
    [
      "has finished, says a node that does not answer",
      { record, pod: podOf("u1", "Failed", "n1"), node: nodeWith("Unknown") },
      false,
    ],
    ["is gone from a good node", { record, pod: undefined, node: nodeWith("True") }, true],
    ["is gone from a node that does not answer", { record, pod: undefined, node: nodeWith("Unknown") }, false],
    ["is gone with its node", { record, pod: undefined, node: undefined }, true],
    [
      "is gone, and its name taken by another",
      { record, pod: podOf("u9", "Running", "n1"), node: nodeWith("True") },
      true,
    ],
    [
      "is gone, and nobody knows its node",
      { record: { ...record, node: undefined }, pod: undefined, node: undefined },
      false,
    ],
  ];
  it.each(cases)("a mover that %s", (_, seen, dead) => {
    expect(isProvenDead(seen)).toBe(dead);
  });
});
