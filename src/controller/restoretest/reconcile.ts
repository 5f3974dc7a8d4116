import { label, labelValue } from "../../api/names.ts";
import { parseRestoreTest, type RestoreTest } from "../../api/objects.ts";
import { restoreTests } from "../../kube/holdfast.ts";
import type { Job, Stored } from "../../kube/types.ts";
import { grantAccess } from "../access/access.ts";
import type { Context } from "../context.ts";
import { applyCronJobs } from "../cronjobs/apply.ts";
import { attempt, describeApplyError, isRace } from "../failures.ts";
import { parseOrRefusal, refuse } from "../parse.ts";
import type { Outcome } from "../queue.ts";
import { readPolicy } from "../readable.ts";
import { gatherRuns } from "../runs/gather.ts";
import { sayStatus } from "../status.ts";
import { tellEndedRuns, tellStanding } from "../tell.ts";
import { decideRestoreTest, type RestoreTestInput } from "./decide.ts";

/** What the runner writes into a RestoreTest's status. */
const others = ["results"];

/** Brings a test's CronJob and rights into shape, and says in its status how it stands. */
export async function reconcileRestoreTest(context: Context, raw: Stored<RestoreTest>): Promise<Outcome> {
  const { client, caches, image, memory } = context;
  const parsed = parseOrRefusal(parseRestoreTest, raw);
  if ("refused" in parsed) return await refuse(context, { resource: restoreTests, object: raw, ...parsed, others });
  const test = parsed.object;

  const now = context.now();
  const input = await gather(context, test, now);
  const decision = decideRestoreTest({ input, image, isCurrent: memory.isCurrent, now });
  const failure = await attempt(async () => {
    await grantAccess(client, caches, test.metadata.namespace);
    await applyCronJobs(client, decision.plan, memory);
  });
  if (isRace(failure)) throw failure;
  const standing = failure ? describeApplyError(failure) : decision.standing;
  const { conditions, status } = decision;
  await sayStatus(context, { resource: restoreTests, object: test, standing, conditions, status, others });
  await tellStanding(context, test, standing);
  await tellEndedRuns(context, { about: test, before: [test.status?.lastRun], after: [status.lastRun] });
  if (failure) throw failure;
  return { againAfterSeconds: decision.againAfterSeconds };
}

async function gather(context: Context, test: Stored<RestoreTest>, now: Date): Promise<RestoreTestInput> {
  const { caches } = context;
  const { namespace, name } = test.metadata;
  const runs = await gatherRuns(context, {
    jobs: caches.jobs
      .list(namespace)
      .filter(
        ({ metadata: { labels } }) =>
          labels?.[label.restoreTest] === labelValue(name) && labels[label.component] === "runner",
      ),
    leftEvidence: (job) => hasResultSince(test, job),
    now,
  });
  const policy = caches.policies.get({ namespace, name: test.spec.policyRef.name });
  return {
    test,
    runs,
    policy: policy && readPolicy(policy),
    cronJobs: caches.cronJobs.list(namespace),
  };
}

const hasResultSince = ({ status }: RestoreTest, { metadata }: Stored<Job>): boolean =>
  (status?.results ?? []).some((result) => Date.parse(result.time) >= Date.parse(metadata.creationTimestamp));
