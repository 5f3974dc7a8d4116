import { expect, it } from "vitest";
import { loadTarget, loadTargets } from "./load.ts";
import { contextIn } from "./testing.ts";

const target = (name: string, spec: object) => ({
  apiVersion: "holdfast.dev/v1alpha1",
  kind: "BackupTarget",
  metadata: { name, namespace: "shop" },
  spec,
});

const good = {
  s3: { bucket: "backups", credentialsSecretRef: { name: "keys" } },
  encryption: { passwordSecretRef: { name: "key", key: "password" } },
};

const cluster = contextIn({
  find: async (_: unknown, { name }: { readonly name: string }) =>
    ({ good: target("good", good), newer: target("newer", { ...good, tape: {} }) })[name],
});

it("gives the targets that can be used, and says what is wrong with the others", async () => {
  const { targets, failures } = await loadTargets(cluster, ["newer", "good", "none"]);
  expect(targets.map(({ metadata }) => metadata.name)).toEqual(["good"]);
  expect(failures).toEqual([
    { target: "newer", reason: "TargetInvalid", message: expect.stringContaining("tape") },
    { target: "none", reason: "TargetNotFound", message: expect.stringContaining('no BackupTarget "none"') },
  ]);
});

it("refuses one that is needed for its own reason", async () => {
  await expect(loadTarget(cluster, "good")).resolves.toMatchObject({ metadata: { name: "good" } });
  await expect(loadTarget(cluster, "newer")).rejects.toMatchObject({ reason: "TargetInvalid" });
  await expect(loadTarget(cluster, "none")).rejects.toMatchObject({ reason: "TargetNotFound" });
});
