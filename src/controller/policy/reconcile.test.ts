import pino from "pino";
import { describe, expect, it } from "vitest";
import type { Condition } from "../../api/conditions.ts";
import type { BackupPolicy } from "../../api/objects.ts";
import { KubeError } from "../../kube/errors.ts";
import type { Job, Stored } from "../../kube/types.ts";
import type { Context } from "../context.ts";
import { createCronJobMemory } from "../cronjobs/apply.ts";
import { hoursAgo, jobOf, now, policyOf } from "../fixtures.ts";
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
const policy = policyOf(
  {},
  {
    volumes: 7,
    nextTime: hoursAgo(1),
    schedules: [{ name: "nightly", cronJob: "shop-nightly", nextTime: hoursAgo(1) }],
    conditions: [ready, rpo],
  },
);

type Status = NonNullable<BackupPolicy["status"]>;

/** What is written into the status, and told as Events, in a namespace where nothing else is. */
async function reconcile(
  raw: Stored<BackupPolicy>,
  of: {
    /** What happens when the policy's restore points are looked up. */
    readonly gather?: () => never;
    /** What happens when this status is to be written. */
    readonly write?: (status: Status) => void;
    readonly jobs?: readonly Stored<Job>[];
  } = {},
) {
  const written: Status[] = [];
  const events: string[] = [];
  const context = {
    client: {
      apply: async (_: unknown, object: { readonly status?: Status }) => {
        if (!object.status) return object;
        of.write?.(object.status);
        written.push(object.status);
        return object;
      },
      get: async () => ({ subjects: [] }),
      replace: async () => undefined,
      create: async (_: unknown, object: object) => ({ ...object, metadata: { uid: "made" } }),
    },
    caches: new Proxy(
      {},
      {
        get: (_, kind) => ({
          list: () => (kind === "points" && of.gather?.()) || (kind === "jobs" && of.jobs) || [],
          get: () => undefined,
        }),
      },
    ),
    memory: createCronJobMemory(),
    image: { image: "operator:1", imagePullPolicy: undefined },
    recordEvent: async ({ reason }: { reason: string }) => events.push(reason),
    log: pino({ level: "silent" }),
    now: () => now,
  } as unknown as Context;
  const outcome = await reconcilePolicy(context, raw).catch((error: unknown) => error);
  const { conditions = [], ...status } = written.at(-1) ?? {};
  return {
    outcome,
    events,
    written,
    status,
    conditions: conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`),
    messages: conditions.map(({ message }) => message),
  };
}

const throwing = (error: unknown) => () => {
  throw error;
};
const refusal = (status: number, message = "no") => new KubeError({ status, reason: "Refused", message });
/** As of before, without the times of runs that nobody knows any more. */
const kept = { volumes: 7, observedGeneration: 1, schedules: [{ name: "nightly", cronJob: "shop-nightly" }] };

describe("a policy that cannot be read", () => {
  const raw = { ...policy, spec: { ...policy.spec, objectives: { rpo: "2w" } } } as unknown as typeof policy;

  it("keeps its conditions, as ones that nobody knows of, and tells no time at which runs are due", async () => {
    const { outcome, status, conditions } = await reconcile(raw);
    expect(outcome).toEqual({});
    expect(conditions).toContain("RPOMet Unknown InvalidSpec");
    expect(conditions).toContain("Stalled True InvalidSpec");
    expect(status).toEqual(kept);
  });
});

describe("a policy that cannot be judged", () => {
  const failure = new TypeError("Cannot read properties of undefined");

  it("says so, lets no verdict stand, and tells no time at which runs are due", async () => {
    const { outcome, status, conditions, events } = await reconcile(policy, { gather: throwing(failure) });
    expect(outcome).toBe(failure);
    expect(conditions).toContain("Ready False InternalError");
    expect(conditions).toContain("RPOMet Unknown NotJudged");
    expect(status).toEqual(kept);
    expect(events).toEqual(["InternalError"]);
  });

  it("throws what went wrong first, also where that cannot be written", async () => {
    const { outcome } = await reconcile(policy, { gather: throwing(failure), write: throwing(refusal(500)) });
    expect(outcome).toBe(failure);
  });
});

describe("a policy whose status cannot be written", () => {
  const unknownField = refusal(500, ".status.schedules[0].inForce: field not declared in schema");
  const olderDefinitions = ({ schedules }: Status) => {
    if (schedules?.some(({ inForce }) => inForce)) throw unknownField;
  };

  it("has the verdicts of now all the same, and says that the rest could not be written", async () => {
    const { outcome, status, conditions, messages, events } = await reconcile(policy, { write: olderDefinitions });
    expect(outcome).toBe(unknownField);
    expect(conditions).toContain("Ready False StatusNotWritten");
    expect(conditions).toContain("RPOMet False VolumeNotFound");
    expect(messages[0]).toMatch(/only the conditions could be written.*field not declared in schema/);
    expect(status).toEqual(kept);
    expect(events).toEqual(["StatusNotWritten"]);
  });

  it.each([
    ["in another order", ["  a: not declared", "  b: not declared"]],
    [
      "at length",
      Array.from({ length: 99 }, (_, index) => `  .status.schedules[${index}].inForce: field not declared in schema`),
    ],
  ])("says so once, though the API server says each time, %s, what is wrong", async (_, lines) => {
    const refusing = (said: readonly string[]) => (status: Status) => {
      if (status.schedules?.some(({ inForce }) => inForce))
        throw refusal(500, ["refused: errors:", ...said].join("\n"));
    };
    const first = await reconcile(policy, { write: refusing(lines) });
    const again = await reconcile({ ...policy, status: first.written[0] }, { write: refusing(lines.toReversed()) });
    expect([first.written.length, first.events]).toEqual([1, ["StatusNotWritten"]]);
    expect([again.written, again.events]).toEqual([[], []]);
  });

  it("is left as it is where somebody was only faster, or nobody answers", async () => {
    for (const error of [refusal(409), refusal(0)]) {
      const { outcome, events, conditions } = await reconcile(policy, { write: throwing(error) });
      expect([outcome, events, conditions]).toEqual([error, [], []]);
    }
  });
});

it("a run that fails after a later one has succeeded is told, as an Event, too", async () => {
  const ended = { outcome: "Succeeded", reason: "Succeeded", message: "" } as const;
  const byHand = { ...ended, job: "by-hand", startTime: hoursAgo(5), completionTime: hoursAgo(4) };
  const labels = {
    "holdfast.dev/policy": "shop",
    "holdfast.dev/schedule": "nightly",
    "holdfast.dev/component": "runner",
  };
  const end = { type: "Failed", reason: "BackoffLimitExceeded", hours: 1 } as const;
  const { status, conditions, events } = await reconcile(
    policyOf({}, { schedules: [{ name: "nightly", lastRun: byHand }] }),
    { jobs: [jobOf("long", { hours: 6, end, labels })] },
  );
  expect(status.schedules?.[0]).toMatchObject({ lastRun: byHand, lastEnded: { job: "long" } });
  expect(conditions).toContain("LastRunSucceeded False BackoffLimitExceeded");
  expect(events).toEqual(["TargetNotFound", "BackoffLimitExceeded"]);
});
