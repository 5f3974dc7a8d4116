import { describe, expect, it } from "vitest";
import type { Change } from "./informer.ts";
import { createCache } from "./informer.ts";
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
