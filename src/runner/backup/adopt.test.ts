import { describe, expect, it } from "vitest";
import type { RestorePoint } from "../../api/objects.ts";
import type { BackupResult } from "../../contract/results.ts";
import type { SnapshotType } from "../../contract/snapshot-type.ts";
import { withProvenance } from "../../repository/provenance.ts";
import { compareWithStore } from "./adopt.ts";
import { encodeTags } from "./tags.ts";

const now = new Date("2026-11-23T05:00:00Z");
const tagsOf = (point: string, cluster = "c-1") =>
  encodeTags({ cluster, pvcUid: "p-1", policy: "shop", schedule: "nightly", run: "r-0", type: "Full", point });
const mirrored = {
  cluster: "c-1",
  pvcUid: "p-1",
  policy: "shop",
  schedule: "copy",
  run: "r-0",
  type: "Mirror",
} as const;
/** As the mover stores them: with the type that the snapshot became there. */
const storedAs = (type: SnapshotType, point: string) => ({
  ...unknown(point),
  tags: withProvenance(tagsOf(point), { type, owner: type === "Full" ? "full" : "a1" }),
});
const unknown = (point: string, more: string[] = [], cluster?: string) => ({
  chain: "20261123T010000Z",
  snapshot: `id-of-${point}`,
  time: "2026-11-23T01:00:00Z",
  tags: [...tagsOf(point, cluster), ...more],
});
const pointOf = (name: string, copies: object[]) =>
  ({
    metadata: { name },
    spec: { chain: "20261123T010000Z" },
    status: { phase: "Failed", copies },
  }) as unknown as RestorePoint;

const compare = (
  points: RestorePoint[],
  reported: Partial<BackupResult["targets"][number]>,
  targets: readonly object[] = [{ target: "onprem", state: "Good", repository: "", ...reported }],
) =>
  compareWithStore({
    result: {
      targets,
    } as unknown as BackupResult,
    points,
    current: "data-now",
    chain: "20261123T010000Z",
    clusterUid: "c-1",
    pvc: "data",
    repositoryOn: (target, chain) => `s3:${target}/${chain}`,
    source: { spec: {} },
    now,
  });

describe("compareWithStore", () => {
  it.each([
    ["Differential", "Full"],
    ["Full", "Differential"],
  ] as const)("takes a run for a Differential that is one on some target: %s, %s", (...types) => {
    const targets = types.map((type, at) => ({
      target: `target-${at}`,
      state: "Good",
      repository: "",
      unknown: [storedAs(type, "data-20261123-010000")],
    }));
    const { creations } = compare([], {}, targets);
    expect(creations).toMatchObject([{ spec: { type: "Differential" } }]);
    expect(creations[0]?.status.copies?.map(({ type }) => type)).toEqual(types);
  });

  it("makes the restore point of a snapshot again whose object was deleted", () => {
    const { creations, updates } = compare([], { unknown: [unknown("data-20261123-010000")] });
    expect(updates).toEqual([]);
    expect(creations).toMatchObject([
      {
        name: "data-20261123-010000",
        spec: {
          policy: "shop",
          schedule: "nightly",
          chain: "20261123T010000Z",
          time: "2026-11-23T01:00:00.000Z",
          run: "r-0",
        },
        status: {
          phase: "Succeeded",
          copies: [
            {
              target: "onprem",
              state: "Good",
              snapshot: "id-of-data-20261123-010000",
              repository: "s3:onprem/20261123T010000Z",
            },
          ],
        },
      },
    ]);
  });

  it("makes the point of a mirror again, as a mirror's", () => {
    const tags = encodeTags({ ...mirrored, point: "data-20261123-010000" });
    const found = { ...unknown("data-20261123-010000"), chain: "mirror", tags };
    expect(compare([], { unknown: [found] }).creations).toMatchObject([
      {
        spec: { type: "Mirror", chain: "mirror" },
        status: { phase: "Succeeded", copies: [{ state: "Good", type: "Mirror", repository: "s3:onprem/mirror" }] },
      },
    ]);
  });

  it("gives a point whose run died the snapshot that had been written after all", () => {
    const dead = pointOf("data-20261123-010000", [
      { target: "onprem", state: "Failed", reason: "Interrupted" },
      { target: "offsite", state: "Failed" },
    ]);
    const { creations, updates } = compare([dead], { unknown: [unknown("data-20261123-010000")] });
    expect(creations).toEqual([]);
    expect(updates[0]?.status).toMatchObject({
      phase: "Degraded",
      copies: [
        { target: "offsite", state: "Failed" },
        { target: "onprem", state: "Good" },
      ],
    });
  });

  it("never calls a snapshot good that says it is incomplete", () => {
    const found = unknown("data-20261123-010000", ["holdfast-incomplete"]);
    expect(compare([], { unknown: [found] }).creations[0]?.status).toMatchObject({
      phase: "Failed",
      copies: [{ state: "Incomplete" }],
    });
  });

  it("leaves alone what is another cluster's, without our tags, or this run's own", () => {
    const found = [
      unknown("data-20261123-010000", [], "c-2"),
      { ...unknown("x"), tags: ["policy=shop"] },
      unknown("data-now"),
    ];
    expect(compare([], { unknown: found })).toEqual({ creations: [], updates: [] });
  });

  it("says of a copy that it is missing when its snapshot is not there any more", () => {
    const point = pointOf("data-20261123-010000", [
      { target: "onprem", state: "Good", snapshot: "gone" },
      { target: "offsite", state: "Good", snapshot: "gone" },
    ]);
    const { updates } = compare([point], { missing: ["gone"] });
    expect(updates[0]?.status.copies).toMatchObject([
      { target: "onprem", state: "Missing" },
      { target: "offsite", state: "Good" },
    ]);
  });

  it("says so of all a target had in a chain whose repository is gone, and of nothing else", () => {
    const inChain = pointOf("data-20261123-010000", [
      { target: "onprem", state: "Good", snapshot: "a" },
      { target: "offsite", state: "Good", snapshot: "b" },
    ]);
    const pruned = pointOf("data-20261123-020000", [{ target: "onprem", state: "Pruned", snapshot: "c" }]);
    const elsewhere = pointOf("data-20261101-010000", [{ target: "onprem", state: "Good", snapshot: "d" }]);
    const other = { ...elsewhere, spec: { ...elsewhere.spec, chain: "20261101T010000Z" } };
    const { updates } = compare([inChain, pruned, other], { state: "Failed", reason: "RepositoryNotFound" });
    expect(updates.map(({ point }) => point.metadata.name)).toEqual(["data-20261123-010000"]);
    expect(updates[0]?.status.copies).toMatchObject([{ state: "Missing" }, { state: "Good" }]);
  });
});
