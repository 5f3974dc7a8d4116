import { describe, expect, it } from "vitest";
import type { KubeClient } from "../../kube/client.ts";
import { isForbidden, KubeError } from "../../kube/errors.ts";
import type { CronJob } from "../../kube/types.ts";
import { describeApplyError, isRace } from "../failures.ts";
import { foreignCronJob } from "../fixtures.ts";
import { applyCronJobs, createCronJobMemory } from "./apply.ts";
import type { CronJobPlan } from "./plan.ts";

const refused = (name: string) =>
  new KubeError({ status: 403, reason: "Forbidden", message: `cronjobs.batch "${name}" is forbidden: exceeded quota` });
const conflict = () => new KubeError({ status: 409, reason: "Conflict", message: "the object has been modified" });

/** What was done, in order, by a client that fails for the names in `failing`; and what was thrown. */
async function carryOut(failing: Readonly<Record<string, () => Error>>, plan: Partial<CronJobPlan>) {
  const done: string[] = [];
  const answer =
    (verb: string) =>
    async (_: unknown, cronJob: Pick<CronJob, "metadata">): Promise<unknown> => {
      const { name } = cronJob.metadata;
      const failure = failing[name]?.();
      if (failure) throw failure;
      done.push(`${verb} ${name}`);
      return foreignCronJob(name);
    };
  const client = {
    create: answer("create"),
    replace: answer("replace"),
    patch: async (resource: unknown, metadata: CronJob["metadata"]) => answer("suspend")(resource, { metadata }),
    delete: async (resource: unknown, metadata: CronJob["metadata"]) => answer("delete")(resource, { metadata }),
  } as unknown as KubeClient;
  const nothing: CronJobPlan = { create: [], replace: [], suspend: [], remove: [], taken: [], leaving: [] };
  const thrown = await applyCronJobs(client, { ...nothing, ...plan }, createCronJobMemory()).catch(
    (error: unknown) => error,
  );
  return { done, thrown };
}

const whole: Partial<CronJobPlan> = {
  create: ["weekly", "nightly"].map(foreignCronJob),
  replace: ["hourly", "daily"].map((name) => ({ present: foreignCronJob(name), desired: foreignCronJob(name) })),
  suspend: ["busy", "tired"].map(foreignCronJob),
  remove: ["old", "older"].map(foreignCronJob),
};

describe("applyCronJobs", () => {
  it("applies the others where one of each kind is refused, and names those that were not applied", async () => {
    const failing = Object.fromEntries(["weekly", "hourly", "busy", "old"].map((name) => [name, () => refused(name)]));
    const { done, thrown } = await carryOut(failing, whole);
    expect(done).toEqual(["create nightly", "replace daily", "suspend tired", "delete older"]);
    expect(isForbidden(thrown)).toBe(true);
    for (const name of ["weekly", "hourly", "busy", "old"]) {
      expect(String(thrown)).toContain(`CronJob ${name}: cronjobs.batch "${name}" is forbidden: exceeded quota`);
    }
    expect(describeApplyError(thrown)).toMatchObject({ state: "Failing", reason: "Forbidden" });
  });

  it("throws nothing where nothing fails", async () => {
    const { done, thrown } = await carryOut({}, whole);
    expect(done).toHaveLength(8);
    expect(thrown).toBeUndefined();
  });

  it("is a race only where nothing else failed", async () => {
    expect(isRace((await carryOut({ hourly: conflict }, whole)).thrown)).toBe(true);
    const { thrown } = await carryOut({ weekly: conflict, daily: () => refused("daily") }, whole);
    expect(isRace(thrown)).toBe(false);
    expect(String(thrown)).not.toContain("weekly");
  });

  it("keeps what is no answer of the API server as its cause", async () => {
    const cause = new TypeError("oops");
    const { thrown } = await carryOut({ weekly: () => cause }, whole);
    expect(thrown).toMatchObject({ message: "CronJob weekly: oops", cause });
    expect(describeApplyError(thrown)).toMatchObject({ reason: "InternalError" });
  });
});
