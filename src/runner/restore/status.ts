import type { Restore } from "../../api/objects.ts";
import type { RestoreStatus } from "../../api/restore.ts";
import { restores } from "../../kube/holdfast.ts";
import { fieldManager, type RunContext } from "../context.ts";

/** The part of a Restore's status that the runner owns; its conditions are the controller's. */
export type RestoreRecord = {
  /** Sets these fields beside those set before; `undefined` takes one away. */
  readonly set: (context: RunContext, change: RestoreStatus) => Promise<void>;
};

export function recordRestore(restore: Restore): RestoreRecord {
  const { apiVersion, kind, metadata } = restore;
  const { name, namespace, uid } = metadata;
  let status: RestoreStatus = {};
  return {
    async set({ client }, change) {
      status = { ...status, ...change };
      const object = { apiVersion, kind, metadata: { name, namespace, uid }, status };
      await client.apply(restores, object, { fieldManager, subresource: "status" });
    },
  };
}
