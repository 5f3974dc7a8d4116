import { expect, it } from "vitest";
import type { BackupTarget, RestorePoint, RestoreTest } from "../../api/objects.ts";
import type { KubeClient } from "../../kube/client.ts";
import { createCache } from "../../kube/informer.ts";
import type { KubeObject, Stored } from "../../kube/types.ts";
import type { Caches } from "../caches.ts";
import { claimOf, hoursAgo, meta, now, pointOf, policyOf, targetOf } from "../fixtures.ts";
import { decidePolicy } from "./decide.ts";
import { gatherPolicy } from "./gather.ts";

const kinds = ["claims", "cronJobs", "jobs", "pods", "points", "snapshotClasses", "storageClasses", "targets", "tests"];

function cachesOf(objects: Readonly<Record<string, readonly object[]>>): Caches {
  const caches = kinds.map((kind) => {
    const cache = createCache<KubeObject>();
    for (const object of objects[kind] ?? []) cache.put(object as Stored<KubeObject>);
    return [kind, cache];
  });
  return Object.fromEntries(caches) as Caches;
}

const gather = (objects: Readonly<Record<string, readonly object[]>>) =>
  gatherPolicy({ client: {} as KubeClient, caches: cachesOf(objects), policy: policyOf(), now });

const good = pointOf({
  hours: 2,
  status: { phase: "Succeeded", copies: [{ target: "onprem", state: "Good", completionTime: hoursAgo(1) }] },
});
const points = [
  good,
  { ...good, metadata: meta("spoilt"), spec: { policy: "shop" } },
  { ...good, metadata: meta("empty"), spec: undefined },
];
const tests = [
  { apiVersion: "holdfast.dev/v1alpha1", kind: "RestoreTest", metadata: meta("spoilt"), spec: { cron: "0 5 * * 0" } },
];
const spoiltTarget = { ...targetOf("onprem"), spec: { maxAge: "2w" } };

it("leaves out what this version cannot read, and reads the rest with its defaults", async () => {
  const [raw] = [targetOf("offsite")].map(({ spec: { media: _, ...spec }, ...target }) => ({ ...target, spec }));
  const readable = {
    apiVersion: "v",
    kind: "RestoreTest",
    metadata: meta("weekly"),
    spec: { policyRef: { name: "shop" }, cron: "0 5 * * 0" },
  };
  const input = await gather({ points, tests: [...tests, readable], targets: [spoiltTarget, raw as object] });
  const names = (objects: readonly (BackupTarget | RestorePoint | RestoreTest)[]) =>
    objects.map(({ metadata }) => metadata.name);
  expect(names(input.points)).toEqual([good.metadata.name]);
  expect(names(input.tests)).toEqual(["weekly"]);
  expect(input.targets.map(({ metadata, spec }) => [metadata.name, spec.media])).toEqual([
    ["offsite", "object-storage"],
  ]);
});

it("lets a policy be judged beside them: a target that cannot be read is in no store", async () => {
  const input = await gather({ points, tests, targets: [spoiltTarget], claims: [claimOf("data")] });
  const image = { image: "i", imagePullPolicy: undefined };
  const decision = decidePolicy({ input, image, isCurrent: () => false, now });
  expect(decision.conditions.find(({ type }) => type === "RPOMet")?.status).toBe("False");
  expect(decision.status.restorePoints).toBe(1);
});
