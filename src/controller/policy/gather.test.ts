import { describe, expect, it } from "vitest";
import type { BackupTarget, RestorePoint, RestoreTest } from "../../api/objects.ts";
import { createCache } from "../../kube/informer.ts";
import type { KubeObject, Stored } from "../../kube/types.ts";
import type { Caches } from "../caches.ts";
import type { Context } from "../context.ts";
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
  gatherPolicy({ caches: cachesOf(objects) } as Context, policyOf(), now);

const good = pointOf({
  hours: 2,
  status: { phase: "Succeeded", copies: [{ target: "onprem", state: "Good", completionTime: hoursAgo(1) }] },
});
const points = [
  good,
  { ...good, metadata: meta("spoilt"), spec: { policy: "shop" } },
  { ...good, metadata: meta("empty"), spec: undefined },
];
const testOf = (name: string, spec: object, results?: unknown) => ({
  ...{ apiVersion: "holdfast.dev/v1alpha1", kind: "RestoreTest", metadata: meta(name), spec },
  ...(results ? { status: { results } } : {}),
});
const tests = [testOf("spoilt", { cron: "0 5 * * 0" }), testOf("of-another", { policyRef: { name: "other" } })];
const spoiltTarget = { ...targetOf("onprem"), spec: { maxAge: "2w" } };

it("leaves out what this version cannot read, and reads the rest with its defaults", async () => {
  const [raw] = [targetOf("offsite")].map(({ spec: { media: _, ...spec }, ...target }) => ({ ...target, spec }));
  const readable = testOf("weekly", { policyRef: { name: "shop" }, cron: "0 5 * * 0" });
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

describe("the results of a RestoreTest", () => {
  const result = {
    id: "data/onprem",
    pvc: "data",
    target: "onprem",
    result: "Failed",
    reason: "R",
    time: hoursAgo(0.5),
  };
  const verified = async (...results: readonly unknown[]) => {
    // The test itself cannot be read: what it is to do no version knows.
    const test = testOf("weekly", { policyRef: { name: "shop" }, select: { which: "Strangest" } }, results);
    const passed = { result: "Passed", time: hoursAgo(1), restoreTest: "weekly" } as const;
    const copies = good.status?.copies?.map((copy) => ({ ...copy, verified: passed }));
    const point = { ...good, status: { ...good.status, copies } };
    const input = await gather({
      points: [point],
      tests: [test],
      targets: [targetOf("onprem")],
      claims: [claimOf("data")],
    });
    const decision = decidePolicy({
      input,
      image: { image: "i", imagePullPolicy: undefined },
      isCurrent: () => false,
      now,
    });
    return decision.conditions.find(({ type }) => type === "Verified")?.status;
  };

  it("count although nothing else of it can be read: what failed stays so", async () => {
    expect(await verified()).toBe("True");
    expect(await verified(result)).toBe("False");
  });

  it.each<[string, unknown]>([
    ["nothing", null],
    ["of no volume", { ...result, pvc: undefined }],
    ["of no target", { ...result, target: 7 }],
    ["of no time", { ...result, time: "yesterday" }],
    ["of an outcome that nobody knows", { ...result, result: "Skipped" }],
  ])("are left out alone where one is %s", async (_, odd) => {
    expect(await verified(odd)).toBe("True");
    expect(await verified(odd, result)).toBe("False");
  });

  it("prove nothing by a time that is no number, but count where they failed", async () => {
    const measured = { restoreSeconds: "fast" };
    expect(await verified({ ...result, ...measured })).toBe("False");
    const input = await gather({
      tests: [testOf("weekly", { policyRef: { name: "shop" } }, [{ ...result, result: "Passed", ...measured }])],
    });
    expect(input.tests[0]?.status?.results).toEqual([]);
  });
});
