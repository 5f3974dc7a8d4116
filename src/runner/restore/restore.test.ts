import { expect, test } from "vitest";
import { persistentVolumeClaims, type Resource } from "../../kube/resources.ts";
import { contextIn } from "../testing.ts";
import { runRestore } from "./restore.ts";

test("one that an earlier attempt had handed over says still of which point and copy it is", async () => {
  const chosen = { restorePoint: "data-1", target: "onprem", snapshot: "ab" };
  const restore = {
    apiVersion: "holdfast.dev/v1alpha1",
    kind: "Restore",
    metadata: { name: "back", namespace: "shop", uid: "uid" },
    spec: { restorePointRef: { name: "data-1" }, to: { pvc: { name: "new" } } },
    status: { phase: "Running", startTime: "2026-11-28T01:00:00Z", ...chosen },
  };
  const claim = { metadata: { name: "new", annotations: { "holdfast.dev/restored-by": "uid" } } };
  const applied: object[] = [];
  const context = contextIn({
    find: async ({ kind }: Resource) => (kind === persistentVolumeClaims.kind ? claim : restore),
    apply: async (_: Resource, { status }: { readonly status: object }) => applied.push(status),
  });
  const now = () => new Date("2026-11-28T02:00:00Z");
  expect(await runRestore({ ...context, now }, "back")).toMatchObject({ outcome: "Succeeded" });
  expect(applied).toEqual([
    {
      phase: "Succeeded",
      startTime: "2026-11-28T01:00:00Z",
      completionTime: "2026-11-28T02:00:00.000Z",
      ...chosen,
    },
  ]);
});
