import { describe, expect, it } from "vitest";
import type { KubeClient } from "./client.ts";
import { KubeError } from "./errors.ts";
import type { Change } from "./informer.ts";
import { createCache, createInformer } from "./informer.ts";
import { configMaps } from "./resources.ts";
import type { KubeObject, Stored } from "./types.ts";

const object = (name: string, resourceVersion = "1", uid = name, namespace = "shop"): Stored => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace, name, uid, resourceVersion, creationTimestamp: "2026-11-23T01:00:00Z", managedFields: [{}] },
});

function recorded() {
  const cache = createCache<KubeObject>();
  const changes: string[] = [];
  cache.onChange((change: Change<KubeObject>) =>
    changes.push(`${change.type} ${change.object.metadata.name}@${change.object.metadata.resourceVersion}`),
  );
  return { cache, changes };
}

describe("the informer's cache", () => {
  it("tells what a new list changed, and nothing for what stayed", () => {
    const { cache, changes } = recorded();
    cache.replace(undefined, [object("a"), object("b")]);
    cache.replace(undefined, [object("b"), object("c"), object("b2", "2")]);
    cache.replace(undefined, [object("b", "5"), object("c"), object("b2", "2")]);
    expect(changes).toEqual(["added a@1", "added b@1", "deleted a@1", "added c@1", "added b2@2", "modified b@5"]);
  });

  it("takes an object made anew under the same name for another one", () => {
    const { cache, changes } = recorded();
    cache.put(object("a", "1", "first"));
    cache.put(object("a", "9", "second"));
    expect(changes).toEqual(["added a@1", "deleted a@1", "added a@9"]);
  });

  it("replaces only its own namespace's objects", () => {
    const { cache } = recorded();
    cache.replace("shop", [object("a")]);
    cache.replace("other", [object("a", "1", "x", "other")]);
    cache.replace("shop", []);
    expect(cache.list().map((item) => item.metadata.namespace)).toEqual(["other"]);
    expect(cache.get({ namespace: "shop", name: "a" })).toBeUndefined();
    expect(cache.list("shop")).toEqual([]);
  });

  it("leaves managedFields out", () => {
    const { cache } = recorded();
    cache.put(object("a"));
    expect(cache.get({ namespace: "shop", name: "a" })?.metadata.managedFields).toBeUndefined();
  });
});

describe("how long an informer has been told nothing", () => {
  const refusal = (status: number) => new KubeError({ status, reason: "Refused", message: "it is refused" });
  const turn = () => new Promise((done) => setImmediate(done));

  /** An API server of which each list and each step of a watch is answered by hand; the seconds of the informer's clock. */
  function byHand(optional = false) {
    const asked: { readonly answer: (value: unknown) => void; readonly fail: (error: unknown) => void }[] = [];
    const ask = <T>() =>
      new Promise<T>((answer, fail) => asked.push({ answer: answer as (value: unknown) => void, fail }));
    const client = {
      list: () => ask(),
      watch: async function* () {
        for (;;) yield await ask();
      },
    } as unknown as KubeClient;
    const clock = { seconds: 0 };
    const informer = createInformer({ client, resource: configMaps, optional, now: () => clock.seconds * 1000 });
    const next = async (how: "answer" | "fail", value: unknown) => {
      while (asked.length === 0) await turn();
      asked.shift()?.[how](value);
      await turn();
      await turn();
    };
    return {
      informer,
      clock,
      answer: (value: unknown) => next("answer", value),
      fail: (error: unknown) => next("fail", error),
    };
  }

  it("counts from its start, and anew from each list, change and bookmark", async () => {
    const { informer, clock, answer } = byHand();
    expect(informer.silentSeconds()).toBeUndefined();
    informer.start();
    clock.seconds = 7;
    expect(informer.silentSeconds()).toBe(7);
    await answer({ resourceVersion: "1", items: [] });
    expect(informer.silentSeconds()).toBe(0);
    clock.seconds = 67;
    expect(informer.silentSeconds()).toBe(60);
    await answer({ type: "ADDED", object: object("a") });
    expect(informer.silentSeconds()).toBe(0);
    clock.seconds = 127;
    await answer({ type: "BOOKMARK", resourceVersion: "9" });
    expect(informer.silentSeconds()).toBe(0);
    informer.stop();
  });

  it("goes on counting while it is refused, also where it was synced before", async () => {
    const { informer, clock, answer, fail } = byHand();
    informer.start();
    await answer({ resourceVersion: "1", items: [] });
    clock.seconds = 600;
    await fail(refusal(403));
    await fail(refusal(403));
    clock.seconds = 1300;
    expect([informer.hasSynced(), informer.silentSeconds()]).toEqual([true, 1300]);
    informer.stop();
  });

  it("has heard of a kind that need not be there, when it hears that it is not", async () => {
    const { informer, clock, fail } = byHand(true);
    informer.start();
    clock.seconds = 30;
    await fail(refusal(404));
    expect([informer.hasSynced(), informer.silentSeconds(), informer.optional]).toEqual([true, 0, true]);
    informer.stop();
  });
});

it("an informer that may list but not watch lists ever more rarely", async () => {
  const listedAt: number[] = [];
  const third = Promise.withResolvers<void>();
  const client = {
    list: async () => {
      if (listedAt.push(performance.now()) === 3) third.resolve();
      return { resourceVersion: "1", items: [] };
    },
    // biome-ignore lint/correctness/useYield: it is refused before it gives anything
    watch: async function* () {
      throw new KubeError({ status: 403, reason: "Forbidden", message: "watch is refused" });
    },
  } as unknown as KubeClient;
  const informer = createInformer({ client, resource: configMaps });
  informer.start();
  await third.promise;
  informer.stop();
  const [first = 0, second = 0, last = 0] = listedAt;
  expect(second - first).toBeGreaterThan(240);
  expect(last - second).toBeGreaterThan(490);
});
