import { expect, test } from "vitest";
import { configMaps } from "../kube/resources.ts";
import type { ConfigMap } from "../kube/types.ts";
import { ensure } from "./ensure.ts";
import { contextIn, ours } from "./testing.ts";

/** A cluster in which one object of this run exists, and goes only some time after it was deleted. */
function clusterWith(found: object, looksUntilGone = 0) {
  const calls: string[] = [];
  let looks = looksUntilGone;
  let isDeleted = false;
  const client = {
    async find() {
      if (isDeleted && looks-- <= 0) return undefined;
      return { metadata: { name: "config", labels: ours, ...found } };
    },
    async delete() {
      calls.push("delete");
      isDeleted = true;
    },
    async create(_: unknown, object: ConfigMap) {
      calls.push("create");
      return object;
    },
  };
  return { context: contextIn(client), calls };
}

const wanted: ConfigMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "config", namespace: "shop" } };

test("goes on with what an earlier attempt of the run made", async () => {
  const { context, calls } = clusterWith({});
  await ensure(context, configMaps, wanted);
  expect(calls).toEqual([]);
});

test("makes anew what an earlier attempt is taking away, once it is gone", async () => {
  const { context, calls } = clusterWith({ deletionTimestamp: "2026-11-25T01:00:00Z" }, 2);
  expect(await ensure(context, configMaps, wanted)).toBe(wanted);
  expect(calls).toEqual(["delete", "create"]);
});
