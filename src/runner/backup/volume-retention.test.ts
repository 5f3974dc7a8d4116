import { expect, test } from "vitest";
import { type BackupPolicy, parseBackupPolicy } from "../../api/objects.ts";
import { contextIn } from "../testing.ts";
import { presentRules } from "./volume-retention.ts";

const policy = (uid: string, keepLast?: number): BackupPolicy =>
  parseBackupPolicy({
    apiVersion: "holdfast.dev/v1alpha1",
    kind: "BackupPolicy",
    metadata: { name: "shop", namespace: "shop", uid },
    spec: {
      volumes: { names: ["data"] },
      objectives: { rpo: "26h" },
      schedules: [{ name: "nightly", cron: "0 1 * * *", type: "Incremental", targets: ["onprem"] }],
      ...(keepLast && { retention: { keepLast } }),
    },
  });

const clusterWith = (present: BackupPolicy | undefined) => contextIn({ find: async () => present });

const atFirst = { policy: policy("one", 3) };

test("retention goes by what the policy says when it is carried out", async () => {
  expect((await presentRules(clusterWith(policy("one", 30)), atFirst))?.spec.retention).toEqual({ keepLast: 30 });
  expect((await presentRules(clusterWith(policy("one")), atFirst))?.spec.retention).toBeUndefined();
});

test.each([
  ["is gone", undefined],
  ["is another one of its name", policy("two", 3)],
])("nothing is removed for a policy that %s", async (_, present) => {
  expect(await presentRules(clusterWith(present), atFirst)).toBeUndefined();
});

test("what cannot be read is an error, and no permission", async () => {
  const broken = { ...policy("one"), spec: { retention: "all" } } as unknown as BackupPolicy;
  await expect(presentRules(clusterWith(broken), atFirst)).rejects.toMatchObject({ reason: "PolicyInvalid" });
});
