import { describe, expect, it } from "vitest";
import { backupPolicies } from "./holdfast.ts";
import { apiVersionOf, jobs, nodes, pods, resourcePath, volumeSnapshots } from "./resources.ts";

describe("resourcePath", () => {
  it("addresses collections, objects and subresources of the core and of other groups", () => {
    expect(resourcePath(pods, { namespace: "shop" })).toBe("/api/v1/namespaces/shop/pods");
    expect(resourcePath(pods, {})).toBe("/api/v1/pods");
    expect(resourcePath(jobs, { namespace: "shop", name: "a", subresource: "status" })).toBe(
      "/apis/batch/v1/namespaces/shop/jobs/a/status",
    );
    expect(resourcePath(nodes, { namespace: "ignored", name: "n1" })).toBe("/api/v1/nodes/n1");
    expect(resourcePath(backupPolicies, { namespace: "shop", name: "p" })).toBe(
      "/apis/holdfast.dev/v1alpha1/namespaces/shop/backuppolicies/p",
    );
  });

  it("never lets a name become another path", () => {
    expect(resourcePath(pods, { namespace: "shop", name: "../secrets/x" })).toBe(
      "/api/v1/namespaces/shop/pods/..%2Fsecrets%2Fx",
    );
  });

  it("refuses an empty name and a missing namespace, which would address the whole collection", () => {
    expect(() => resourcePath(pods, { namespace: "shop", name: "" })).toThrow(/empty name/);
    expect(() => resourcePath(pods, { name: "a" })).toThrow(/needs a namespace/);
  });
});

it("knows the apiVersion of each resource", () => {
  expect(apiVersionOf(pods)).toBe("v1");
  expect(apiVersionOf(jobs)).toBe("batch/v1");
  expect(apiVersionOf(volumeSnapshots)).toBe("snapshot.storage.k8s.io/v1");
});
