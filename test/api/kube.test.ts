import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import {
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isNotFound,
  isQuotaExceeded,
} from "../../src/kube/errors.ts";
import { createEventRecorder } from "../../src/kube/events.ts";
import { backupPolicies } from "../../src/kube/holdfast.ts";
import { createInformer } from "../../src/kube/informer.ts";
import { claimLease, keepLease, microTime } from "../../src/kube/lease.ts";
import { configMaps, events, leases, pods, type Resource, secrets } from "../../src/kube/resources.ts";
import type { ConfigMap } from "../../src/kube/types.ts";
import { clusterClient, eventually } from "./client.ts";
import { useNamespace } from "./cluster.ts";
import { resourceQuotas } from "./quota.ts";

const namespace = useNamespace("api-kube");
const client = clusterClient();
const fieldManager = "kube-test";

const map = (name: string, data: Record<string, string> = {}, more: object = {}): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace, ...more },
  data,
});
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("the client", () => {
  test("creates, reads, changes and deletes", async () => {
    const created = await client.create(configMaps, map("life", { a: "1" }));
    expect(await client.get(configMaps, created.metadata)).toEqual(created);
    const replaced = await client.replace(configMaps, { ...created, data: { b: "2" } });
    expect(replaced.data).toEqual({ b: "2" });
    expect(isConflict(await failure(client.replace(configMaps, { ...created, data: {} })))).toBe(true);
    const patched = await client.patch(
      configMaps,
      { namespace, name: "life" },
      { data: { b: null, c: "3" } },
      { fieldManager },
    );
    expect(patched.data).toEqual({ c: "3" });
    expect(isAlreadyExists(await failure(client.create(configMaps, map("life"))))).toBe(true);
    const wrong = await failure(client.delete(configMaps, patched.metadata, { uid: "another" }));
    expect(isConflict(wrong)).toBe(true);
    expect(await client.delete(configMaps, patched.metadata, { uid: patched.metadata.uid })).toBe(true);
    expect(await client.delete(configMaps, patched.metadata)).toBe(false);
    expect(await client.find(configMaps, patched.metadata)).toBeUndefined();
    expect(isNotFound(await failure(client.get(configMaps, patched.metadata)))).toBe(true);
  });

  test("applies just the fields it is given, and takes back those it does not give any more", async () => {
    await client.create(configMaps, map("applied", { theirs: "1" }));
    await client.apply(configMaps, map("applied", { ours: "1", more: "1" }), { fieldManager });
    const applied = await client.apply<ConfigMap>(configMaps, map("applied", { ours: "2" }), { fieldManager });
    expect(applied.data).toEqual({ theirs: "1", ours: "2" });
    const other = client.apply(configMaps, map("applied", { ours: "3" }), { fieldManager: "other", force: false });
    expect(isConflict(await failure(other))).toBe(true);
  });

  test("never makes an object anew that it is to change", async () => {
    const gone = map("gone", {}, { uid: "2e3a4cb0-0000-4000-8000-000000000000" });
    expect(isConflict(await failure(client.apply(configMaps, gone, { fieldManager })))).toBe(true);
    expect(await client.find(configMaps, gone.metadata)).toBeUndefined();
  });

  test("keeps fields that it does not know", async () => {
    const policy = {
      apiVersion: "holdfast.dev/v1alpha1",
      kind: "BackupPolicy",
      metadata: { name: "raw", namespace },
      spec: {
        volumes: { names: ["data"] },
        schedules: [{ name: "nightly", type: "Full", cron: "0 1 * * *", targets: ["a"] }],
        objectives: { rpo: "26h" },
        mover: { tolerations: [{ key: "k", someFutureField: { deep: [1] } }] },
      },
    };
    await client.apply(backupPolicies, policy, { fieldManager });
    const read = await client.get(backupPolicies, policy.metadata);
    expect(read.spec.mover.tolerations).toEqual([{ key: "k", someFutureField: { deep: [1] } }]);
    expect((await client.list(backupPolicies, { namespace })).items.map(({ kind }) => kind)).toEqual(["BackupPolicy"]);
  });

  test("lists by label, over more than one page, with kind and apiVersion on each", async () => {
    const names = Array.from({ length: 501 }, (_, index) => `page-${index}`);
    for (let start = 0; start < names.length; start += 25) {
      const some = names.slice(start, start + 25);
      await Promise.all(some.map((name) => client.create(configMaps, map(name, {}, { labels: { page: "yes" } }))));
    }
    const listed = await client.list(configMaps, { namespace, labelSelector: "page=yes" });
    expect(new Set(listed.items.map((item) => item.metadata.name)).size).toBe(501);
    expect(listed.items.every((item) => item.kind === "ConfigMap" && item.apiVersion === "v1")).toBe(true);
  });

  test("tells what is forbidden, invalid or over quota apart", async () => {
    const nobody = clusterClient("nobody");
    expect(isForbidden(await failure(nobody.list(secrets, { namespace })))).toBe(true);
    expect(await failure(client.create(configMaps, map("Bad_Name")))).toMatchObject({ status: 422, reason: "Invalid" });
    const quota = {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "no-secrets", namespace },
      spec: { hard: { "count/secrets": "0" } },
    };
    await client.create(resourceQuotas, quota);
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace } };
    await eventually(
      "the quota holds",
      () => failure(client.create(secrets, secret).then(() => client.delete(secrets, secret.metadata))),
      isQuotaExceeded,
    );
    await client.delete(resourceQuotas, quota.metadata);
  });

  test("watches from where a list ended, and knows when that is too long ago", async () => {
    const { resourceVersion } = await client.list(configMaps, { namespace });
    await client.create(configMaps, map("watched"));
    await client.delete(configMaps, { namespace, name: "watched" });
    const seen: string[] = [];
    for await (const event of client.watch(configMaps, { namespace, resourceVersion, timeoutSeconds: 20 })) {
      if (event.type === "BOOKMARK") continue;
      seen.push(`${event.type} ${event.object.kind} ${event.object.metadata.name}`);
      if (event.type === "DELETED") break;
    }
    expect(seen).toEqual(["ADDED ConfigMap watched", "DELETED ConfigMap watched"]);
    const unknownVersion = async () => {
      for await (const _ of client.watch(configMaps, { namespace, resourceVersion: "1", timeoutSeconds: 5 }));
    };
    const error = await failure(unknownVersion());
    // A young server still has its first version; an older one says that it is gone.
    expect(error === undefined || isGone(error)).toBe(true);
  });

  test("asks for logs of a pod that is not there, and says so", async () => {
    const logs = Array.fromAsync(client.podLogs({ namespace, name: "none" }));
    expect(isNotFound(await failure(logs))).toBe(true);
    expect((await client.list(pods, { namespace })).items).toEqual([]);
  });
});

describe("an informer", () => {
  test("knows what was there, follows what changes, and tells each once", async () => {
    const labels = { informed: "yes" };
    await client.create(configMaps, map("first", {}, { labels }));
    const informer = createInformer({
      client,
      resource: configMaps,
      namespaces: [namespace],
      labelSelector: "informed=yes",
    });
    const told: string[] = [];
    informer.onChange(({ type, object }) => told.push(`${type} ${object.metadata.name}`));
    informer.start();
    await informer.whenSynced();
    await client.create(configMaps, map("second", {}, { labels }));
    await client.create(configMaps, map("unseen"));
    await client.patch(configMaps, { namespace, name: "second" }, { data: { a: "1" } }, { fieldManager });
    await client.delete(configMaps, { namespace, name: "first" });
    await eventually(
      "all is told",
      () => told.length,
      (length) => length === 4,
    );
    expect(told).toEqual(["added first", "added second", "modified second", "deleted first"]);
    expect(informer.list(namespace).map((item) => [item.metadata.name, item.data?.a])).toEqual([["second", "1"]]);
    informer.stop();
  });

  test("takes a kind that is not installed for empty, if told so", async () => {
    const absent: Resource = {
      group: "absent.example.com",
      version: "v1",
      kind: "Absent",
      plural: "absents",
      namespaced: true,
    };
    const informer = createInformer({ client, resource: absent, optional: true });
    informer.start();
    await informer.whenSynced();
    expect(informer.list()).toEqual([]);
    informer.stop();
  });
});

describe("a lease", () => {
  const claim = (name: string, holder: string, more: object = {}) =>
    claimLease({ client, namespace, name, holder, durationSeconds: 2, ...more });

  test("has one holder until it is released", async () => {
    const [a, b] = [claim("one", "a"), claim("one", "b")];
    expect(await a.tryAcquire()).toMatchObject({ held: true });
    expect(await b.tryAcquire()).toMatchObject({ held: false, holder: "a" });
    expect(await a.renew({ note: "x" })).toBe(true);
    expect(await b.renew()).toBe(false);
    await b.release();
    expect(await b.tryAcquire()).toMatchObject({ held: false, holder: "a" });
    await a.release();
    expect(await b.tryAcquire()).toMatchObject({ held: true, previous: { metadata: { annotations: { note: "x" } } } });
    expect((await client.get(leases, { namespace, name: "one" })).spec?.leaseTransitions).toBe(1);
  });

  test("is taken over once its holder was silent for its duration, while we watched", async () => {
    const [a, b] = [claim("silent", "a"), claim("silent", "b")];
    await a.tryAcquire();
    await sleep(2500);
    // However old the lease is, the other may live: only what we have seen ourselves counts.
    expect(await b.tryAcquire()).toMatchObject({ held: false });
    await sleep(2500);
    expect(await b.tryAcquire()).toMatchObject({ held: true });
    expect(await a.renew()).toBe(false);
  });

  test("is taken at once from a holder that is proven dead", async () => {
    await claim("dead", "a").tryAcquire();
    expect(await claim("dead", "b").tryAcquire({ holderGone: true })).toMatchObject({ held: true });
  });

  test("is won by one of many who want it at the same time", async () => {
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, index) => claim("race", `holder-${index}`).tryAcquire()),
    );
    expect(all.filter(({ held }) => held).length).toBe(1);
  });

  test("is kept by renewing, and its loss is told", async () => {
    const a = claim("kept", "a");
    await a.tryAcquire();
    const kept = keepLease(a, 2);
    await sleep(3500);
    expect(await claim("kept", "b").tryAcquire()).toMatchObject({ held: false });
    expect(kept.lost.aborted).toBe(false);
    await claim("kept", "b").tryAcquire({ holderGone: true });
    await eventually("the loss is told", () => kept.lost.aborted);
    await kept.release();
    expect((await client.get(leases, { namespace, name: "kept" })).spec?.holderIdentity).toBe("b");
  });

  test("writes times with six digits", () => expect(microTime(0)).toBe("1970-01-01T00:00:00.000000Z"));
});

describe("events", () => {
  test("are counted up when repeated, and written once where they have a key", async () => {
    const about = await client.create(configMaps, map("subject"));
    const errors: unknown[] = [];
    const record = createEventRecorder({ client, component: "kube-test", onError: (error) => errors.push(error) });
    for (let times = 0; times < 3; times++) {
      await record({ about, type: "Warning", reason: "Repeated", message: "again" });
      await record({ about, type: "Normal", reason: "Once", message: `turn ${times}`, key: "run-1" });
    }
    await record({ about, type: "Normal", reason: "Long", message: "x".repeat(5000) });
    expect(errors).toEqual([]);
    const { items } = await client.list(events, {
      namespace,
      fieldSelector: `involvedObject.uid=${about.metadata.uid}`,
    });
    const told = items.map(({ reason, count, message }) => [reason, count, message?.slice(0, 6)]);
    expect(told.toSorted()).toEqual([
      ["Long", 1, "xxxxxx"],
      ["Once", 1, "turn 0"],
      ["Repeated", 3, "again"],
    ]);
  });

  test("that cannot be written are told to nobody but the log", async () => {
    const errors: unknown[] = [];
    const record = createEventRecorder({
      client: clusterClient("nobody"),
      component: "kube-test",
      onError: (error) => errors.push(error),
    });
    await record({ about: map("x"), type: "Normal", reason: "R", message: "m" });
    expect(errors.map(isForbidden)).toEqual([true]);
  });
});
