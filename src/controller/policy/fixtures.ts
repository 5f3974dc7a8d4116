import { claimOf, now, policyOf, targetOf } from "../fixtures.ts";
import { decidePolicy } from "./decide.ts";
import type { PolicyInput } from "./input.ts";

/** A policy's decision in tests: one schedule, one volume and one target, unless something else is given. */

export const schedule = (name: string, more: object = {}) => ({
  name,
  type: "Incremental",
  cron: "0 1 * * *",
  targets: ["onprem"],
  ...more,
});

const inputOf = (of: Partial<PolicyInput> = {}): PolicyInput => ({
  policy: policyOf(),
  claims: [claimOf("data")],
  targets: [targetOf("onprem")],
  cronJobs: [],
  storageClasses: [],
  snapshotClasses: [],
  points: [],
  tests: [],
  runs: [],
  ...of,
});

export const decide = (of: Partial<PolicyInput> = {}, at = now) =>
  decidePolicy({
    input: inputOf(of),
    image: { image: "operator:1", imagePullPolicy: undefined },
    isCurrent: () => false,
    now: at,
  });

export const conditionOf = (decision: ReturnType<typeof decide>, type: string) =>
  decision.conditions.find((condition) => condition.type === type);
