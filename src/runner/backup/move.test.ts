import { expect, it } from "vitest";
import type { BackupTarget, RestorePoint } from "../../api/objects.ts";
import { backupConfig } from "../../contract/configs.ts";
import { backupConfigOf, knownSnapshots } from "./move.ts";

const target = (name: string) =>
  ({
    metadata: { name },
    spec: { s3: { bucket: name, region: "r", prefix: "p", credentialsSecretRef: { name: "s" } } },
  }) as BackupTarget;
const point = (chain: string, copies: object[]) => ({ spec: { chain }, status: { copies } }) as unknown as RestorePoint;

const points = [
  point("c1", [{ target: "onprem", state: "Good", snapshot: "s1" }]),
  point("c2", [
    { target: "onprem", state: "Incomplete", snapshot: "s2" },
    { target: "offsite", state: "Good", snapshot: "o2" },
  ]),
  point("c2", [{ target: "onprem", state: "Pruned", snapshot: "s3" }]),
  point("c2", [{ target: "onprem", state: "Missing", snapshot: "s4" }]),
  point("c2", [{ target: "onprem", state: "Failed" }]),
];

it("knows the snapshots that a target should hold, by chain", () => {
  expect(knownSnapshots(points, "onprem")).toEqual({ c1: ["s1"], c2: ["s2"] });
  expect(knownSnapshots(points, "offsite")).toEqual({ c2: ["o2"] });
});

it("tells the mover what to write where, as the contract wants it", () => {
  const input = {
    name: "holdfast-1a2b3c4d-data",
    point: {
      apiVersion: "holdfast.dev/v1alpha1",
      kind: "RestorePoint",
      metadata: { name: "data-20261123-010000", namespace: "shop" },
      spec: {
        policy: "shop",
        schedule: "nightly",
        pvc: { name: "data", uid: "u" },
        chain: "c2",
        type: "Incremental",
        time: "2026-11-23T01:00:00.000Z",
        run: "r",
        source: { spec: { volumeMode: "Filesystem" } },
      },
    } as RestorePoint,
    targets: [target("onprem"), target("offsite")],
    decision: {
      chain: "c2",
      type: "Incremental",
      reason: "NewestChain",
      message: "",
      targets: [
        { target: "onprem", expect: "Present" },
        { target: "offsite", expect: "Any" },
      ],
    },
    points,
    clusterUid: "c",
    selection: { excludes: ["*.tmp"], excludeCaches: true },
    deadHolders: ["dead"],
  } satisfies Parameters<typeof backupConfigOf>[1];
  const config = backupConfigOf("shop", input);
  expect(backupConfig.parse(config)).toEqual(config);
  expect(config).toMatchObject({
    type: "Incremental",
    hostname: "shop",
    path: "/data",
    time: "2026-11-23T01:00:00.000Z",
    runTag: "point=data-20261123-010000",
    excludes: ["*.tmp"],
    excludeCaches: true,
    lock: { deadHolders: ["dead"] },
  });
  expect(config.source).toBe("/source");
  const { spec } = input.point;
  const device = { ...input.point, spec: { ...spec, source: { spec: { volumeMode: "Block" } } } };
  expect(backupConfigOf("shop", { ...input, point: device }).source).toBe("/dev/holdfast-source");
  expect(config.tags).toContain(config.runTag);
  expect(
    config.targets.map(({ name, expect: must, repository, inventory }) => [name, must, repository.url, inventory?.url]),
  ).toEqual([
    ["onprem", "Present", "s3://onprem/p/shop/data/c2", "s3://onprem/p/shop/data"],
    ["offsite", "Any", "s3://offsite/p/shop/data/c2", "s3://offsite/p/shop/data"],
  ]);
});

it("tells the mover of a mirror where it is, whose it must be, and what was acknowledged", () => {
  const config = backupConfigOf("shop", {
    name: "holdfast-1a2b3c4d-data",
    point: {
      apiVersion: "holdfast.dev/v1alpha1",
      kind: "RestorePoint",
      metadata: { name: "data-20261123-010000", namespace: "shop" },
      spec: {
        policy: "shop",
        schedule: "copy",
        pvc: { name: "data", uid: "u" },
        chain: "mirror",
        type: "Mirror",
        time: "2026-11-23T01:00:00.000Z",
        run: "r",
        source: { spec: { volumeMode: "Filesystem" } },
      },
    } as RestorePoint,
    targets: [target("onprem")],
    decision: {
      chain: "mirror",
      type: "Mirror",
      reason: "MirrorScheduled",
      message: "",
      targets: [{ target: "onprem", expect: "Present" }],
    },
    points,
    clusterUid: "c",
    selection: { excludes: [] },
    mirror: { maximumChange: 20, acknowledge: ["3fa9c1d2e4b5-64"] },
    deadHolders: [],
  });
  expect(backupConfig.parse(config)).toEqual(config);
  expect(config.mirror).toEqual({
    unencrypted: true,
    maximumChange: 20,
    acknowledge: ["3fa9c1d2e4b5-64"],
    owner: ["cluster=c", "policy=shop"],
  });
  const owner = config.mirror?.owner ?? [];
  expect(config.tags).toEqual(expect.arrayContaining(owner));
  expect(config.targets).toMatchObject([{ expect: "Present", repository: { url: "s3://onprem/p/shop/data/mirror" } }]);
  expect(config.targets[0]?.inventory).toBeUndefined();
});
