import { describe, expect, test } from "vitest";
import { apply, attempt, kubectl, useNamespace } from "./cluster.ts";

const namespace = useNamespace("api-restores");

const object = (kind: string, name: string, spec: object) => ({
  apiVersion: "holdfast.dev/v1alpha1",
  kind,
  metadata: { name, namespace },
  spec,
});

const to = { pvc: { name: "data-restored" } };

const patched = (resource: string, name: string, change: object) =>
  attempt("kubectl", ["-n", namespace, "patch", resource, name, "--type=merge", "-p", JSON.stringify(change)]);

describe("a Restore", () => {
  test.each<[string, object]>([
    ["of a restore point", { restorePointRef: { name: "data-1" }, to }],
    ["of a policy's newest", { policyRef: { name: "shop" }, pvc: "data", to }],
    [
      "of a policy as of an instant, by path, elsewhere",
      {
        policyRef: { name: "shop" },
        pvc: "data",
        asOf: "2026-11-23T08:00:00Z",
        target: "offsite",
        paths: ["etc/config"],
        to: { pvc: { name: "new", storageClassName: "fast", storage: "1.5Gi" } },
      },
    ],
  ])("%s is taken", (_, spec) => {
    expect(apply(object("Restore", "good", spec), "--dry-run=server")).toMatchObject({ ok: true, stderr: "" });
  });

  test.each<[string, object, string]>([
    ["of nothing", { to }, "name either restorePointRef, or policyRef with pvc"],
    ["of two things", { restorePointRef: { name: "a" }, policyRef: { name: "b" }, pvc: "c", to }, "name either"],
    ["of a policy without a PVC", { policyRef: { name: "shop" }, to }, "policyRef and pvc go together"],
    ["of a PVC without a policy", { restorePointRef: { name: "a" }, pvc: "data", to }, "policyRef and pvc go together"],
    [
      "of a point as of an instant",
      { restorePointRef: { name: "a" }, asOf: "2026-11-23T08:00:00Z", to },
      "asOf goes with",
    ],
    ["as of no instant", { policyRef: { name: "a" }, pvc: "b", asOf: "yesterday", to }, "date-time"],
    ["of no path at all", { restorePointRef: { name: "a" }, paths: [], to }, "should have at least 1 items"],
    ["to nowhere", { restorePointRef: { name: "a" } }, "spec.to: Required value"],
    [
      "into a size that is none",
      { restorePointRef: { name: "a" }, to: { pvc: { name: "b", storage: "big" } } },
      "write a size, such as 10Gi",
    ],
  ])("%s is refused", (_, spec, message) => {
    const { ok, stderr } = apply(object("Restore", "bad", spec), "--dry-run=server");
    expect(stderr).toContain(message);
    expect(ok).toBe(false);
  });

  test("cannot be changed, but can be labelled", () => {
    expect(apply(object("Restore", "fixed", { restorePointRef: { name: "a" }, to }))).toMatchObject({ ok: true });
    const changed = patched("restore", "fixed", { spec: { restorePointRef: { name: "b" } } });
    expect(changed.stderr).toContain("a Restore cannot be changed; make a new one");
    expect(changed.ok).toBe(false);
    expect(patched("restore", "fixed", { metadata: { labels: { team: "shop" } } }).ok).toBe(true);
  });
});

describe("a RestorePoint", () => {
  const spec = {
    policy: "shop",
    schedule: "nightly",
    pvc: { name: "data", uid: "6a3c" },
    chain: "20261123T010000Z",
    type: "Full",
    time: "2026-11-23T01:00:02Z",
    run: "77aa",
    source: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, future: { deep: [1, "x"] } },
  };

  test("keeps the source's spec as it is, fields we do not know too", () => {
    expect(apply(object("RestorePoint", "data-1", spec))).toMatchObject({ ok: true });
    const stored = JSON.parse(kubectl("-n", namespace, "get", "restorepoint", "data-1", "-o", "json"));
    expect(stored.spec).toEqual(spec);
  });

  test.each<[string, object]>([
    ["policy", { policy: "other" }],
    ["time", { time: "2026-11-24T01:00:02Z" }],
    ["source", { source: { future: { deep: [2] } } }],
    ["chain", { chain: "20261124T010000Z" }],
  ])("never changes its %s", (_, change) => {
    const { ok, stderr } = patched("restorepoint", "data-1", { spec: change });
    expect(stderr).toContain("a restore point's facts never change");
    expect(ok).toBe(false);
  });

  test("takes the annotation that holds it, and a status", () => {
    expect(patched("restorepoint", "data-1", { metadata: { annotations: { "holdfast.dev/hold": "audit" } } }).ok).toBe(
      true,
    );
    const status = { phase: "Degraded", copies: [{ target: "onprem", state: "Good", bytesAdded: 3_000_000_000 }] };
    const args = ["-n", namespace, "patch", "restorepoint", "data-1", "--subresource=status", "--type=merge"];
    expect(attempt("kubectl", [...args, "-p", JSON.stringify({ status })]).ok).toBe(true);
  });

  test("refuses a chain that is no time", () => {
    const { ok, stderr } = apply(object("RestorePoint", "data-2", { ...spec, chain: "../other" }));
    expect(stderr).toContain("a chain is named by the UTC time of its start");
    expect(ok).toBe(false);
  });
});

describe("a RestorePoint of a mirror", () => {
  const spec = {
    policy: "shop",
    schedule: "copy",
    pvc: { name: "data", uid: "6a3c" },
    chain: "mirror",
    type: "Mirror",
    time: "2026-11-23T01:00:02Z",
    run: "77aa",
    source: {},
  };

  test("is in the chain of that name", () => {
    expect(apply(object("RestorePoint", "data-3", spec), "--dry-run=server")).toMatchObject({ ok: true, stderr: "" });
  });

  test.each<[string, object]>([
    ["a mirror in a chain", { chain: "20261123T010000Z" }],
    ["a Full in the mirror", { type: "Full" }],
  ])("refuses %s", (_, change) => {
    const { ok, stderr } = apply(object("RestorePoint", "data-4", { ...spec, ...change }), "--dry-run=server");
    expect(stderr).toContain("a Mirror lies in the chain called mirror, and nothing else does");
    expect(ok).toBe(false);
  });
});

describe("a RestoreTest", () => {
  const spec = { policyRef: { name: "shop" }, cron: "0 5 * * 0" };
  const check = { name: "opens", image: "postgres:17", command: ["true"] };

  test("is taken, and its defaults are filled in", () => {
    expect(apply(object("RestoreTest", "good", { ...spec, checks: [check] }))).toMatchObject({ ok: true, stderr: "" });
    const stored = JSON.parse(kubectl("-n", namespace, "get", "restoretest", "good", "-o", "json"));
    expect(stored.spec).toMatchObject({
      timeZone: "Etc/UTC",
      select: { which: "Latest" },
      keepOnFailure: false,
      checks: [{ ...check, mountPath: "/data", timeout: "10m" }],
    });
  });

  test("keeps a check's environment and security context as they are", () => {
    const whole = { ...check, env: [{ name: "A", value: "b" }], securityContext: { runAsUser: 999 } };
    expect(apply(object("RestoreTest", "whole", { ...spec, checks: [whole] }))).toMatchObject({ ok: true });
    const stored = JSON.parse(kubectl("-n", namespace, "get", "restoretest", "whole", "-o", "json"));
    expect(stored.spec.checks[0]).toMatchObject(whole);
  });

  test.each<[string, object, string]>([
    ["malformed cron", { cron: "weekly" }, "write the five fields"],
    ["no policy", { policyRef: undefined }, "spec.policyRef: Required value"],
    ["a choice that does not exist", { select: { which: "Best" } }, 'supported values: "Latest", "Oldest", "Random"'],
    ["two checks of one name", { checks: [check, check] }, 'Duplicate value: {"name":"opens"}'],
    ["a mount that is no absolute path", { checks: [{ ...check, mountPath: "data" }] }, "write an absolute path"],
    ["a check without an image", { checks: [{ name: "opens" }] }, "image: Required value"],
    ["no target at all", { targets: [] }, "should have at least 1 items"],
  ])("is refused for %s", (_, change, message) => {
    const { ok, stderr } = apply(object("RestoreTest", "bad", { ...spec, ...change }));
    expect(stderr).toContain(message);
    expect(ok).toBe(false);
  });
});
