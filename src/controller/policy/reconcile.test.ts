import { describe, expect, it } from "vitest";
import type { Condition } from "../../api/conditions.ts";
import type { BackupPolicy } from "../../api/objects.ts";
import { KubeError } from "../../kube/errors.ts";
import type { Stored } from "../../kube/types.ts";
import type { Context } from "../context.ts";
import { hoursAgo, now, policyOf } from "../fixtures.ts";
import { reconcilePolicy } from "./reconcile.ts";

const rpo: Condition = {
  type: "RPOMet",
  status: "True",
  reason: "CopiesFresh",
  message: "fresh",
  lastTransitionTime: hoursAgo(5),
  observedGeneration: 1,
};
const ready: Condition = { ...rpo, type: "Ready", reason: "SchedulesApplied", message: "in force" };
const policy = policyOf({}, { conditions: [ready, rpo] });

/** What is written into the status, and told as Events, while the caches cannot even be asked. */
async function reconcile(raw: Stored<BackupPolicy>, failure: unknown, write = async () => raw as object) {
  const written: Condition[][] = [];
  const events: string[] = [];
  const fail = () => {
    throw failure;
  };
  const context = {
    client: {
      apply: (_: unknown, object: { status: { conditions: Condition[] } }) => {
        written.push(object.status.conditions);
        return write();
      },
    },
    caches: { points: { list: fail } },
    recordEvent: async ({ reason }: { reason: string }) => events.push(reason),
    now: () => now,
  } as unknown as Context;
  const outcome = await reconcilePolicy(context, raw).catch((error: unknown) => error);
  return {
    outcome,
    events,
    conditions: written.at(-1)?.map(({ type, status, reason }) => `${type} ${status} ${reason}`),
  };
}

describe("reconcilePolicy", () => {
  it("keeps the conditions of a policy that it cannot read, as ones that nobody knows of", async () => {
    const raw = { ...policy, spec: { ...policy.spec, objectives: { rpo: "2w" } } } as unknown as typeof policy;
    const { outcome, conditions } = await reconcile(raw, new Error("never asked"));
    expect(outcome).toEqual({});
    expect(conditions).toContain("RPOMet Unknown InvalidSpec");
    expect(conditions).toContain("Stalled True InvalidSpec");
  });

  it.each([
    ["a mistake of ours", new TypeError("Cannot read properties of undefined")],
    ["an API server that refuses", new KubeError({ status: 403, reason: "Forbidden", message: "no" })],
  ])("says in Ready that judging failed, by %s", async (_, failure) => {
    const { outcome, conditions, events } = await reconcile(policy, failure);
    expect(outcome).toBe(failure);
    expect(conditions).toContain("Ready False InternalError");
    expect(conditions).toContain("RPOMet True CopiesFresh");
    expect(events).toEqual(["InternalError"]);
  });

  it("writes nothing where somebody was only faster", async () => {
    const conflict = new KubeError({ status: 409, reason: "Conflict", message: "changed" });
    expect(await reconcile(policy, conflict)).toEqual({ outcome: conflict, events: [], conditions: undefined });
  });

  it("throws what went wrong first, also where the status cannot be written", async () => {
    const failure = new TypeError("first");
    const { outcome } = await reconcile(policy, failure, () => Promise.reject(new Error("second")));
    expect(outcome).toBe(failure);
  });
});
