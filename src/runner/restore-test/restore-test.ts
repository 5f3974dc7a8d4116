import { parseRestoreTest, type RestoreTest } from "../../api/objects.ts";
import type { TestResult } from "../../api/restoretest.ts";
import { durationSeconds } from "../../api/scalars.ts";
import { restoreTests } from "../../kube/holdfast.ts";
import { persistentVolumeClaims } from "../../kube/resources.ts";
import { ageLimitSeconds } from "../../policy/copies.ts";
import { type CopyKind, copyKindsOn } from "../../policy/copy-kind.ts";
import { listText } from "../../policy/text.ts";
import { chooseVolumes } from "../../policy/volumes.ts";
import type { RunVerdict } from "../backup/outcome.ts";
import type { RunContext } from "../context.ts";
import { runReason } from "../contract.ts";
import { RunFailure, Suspended } from "../failure.ts";
import { loadPolicy, loadTargets, parsed } from "../load.ts";
import { isStartedByHand } from "../started-by-hand.ts";
import { mergeResults, resultId, writeResults } from "./results.ts";
import { removeKept } from "./scratch.ts";
import { type Subject, testCopy } from "./test-copy.ts";

/** Proves every volume of a policy on every target, one after the other, so that a measured time is that of one restore. */
export async function runRestoreTest(context: RunContext, name: string): Promise<RunVerdict> {
  const test = await loadTest(context, name);
  if (test.spec.suspend && !(await isStartedByHand(context))) throw new Suspended(`the RestoreTest ${name}`);
  const subjects = await planSubjects(context, test);
  await removeKept(context, test);
  const planned = subjects.map(({ pvc, target, kind }) => resultId(pvc.name, target, kind));
  const results: TestResult[] = [];
  for (const subject of subjects) {
    const result = await testCopy(context, subject);
    results.push(result);
    await writeResults(context, test, mergeResults(planned, results, test.status?.results ?? []));
    await tell(context, test, result);
  }
  return summarize(results);
}

async function loadTest({ client, identity }: RunContext, name: string): Promise<RestoreTest> {
  const { namespace } = identity;
  const raw = await client.find(restoreTests, { namespace, name });
  if (raw) return parsed(parseRestoreTest, raw);
  throw new RunFailure(
    runReason.restoreTestNotFound,
    `there is no RestoreTest "${name}" any more in namespace ${namespace}`,
  );
}

/**
 * Every volume of the policy on each of the targets: those that the test names, else all that the policy's schedules use. Of a volume that has
 * both chains and a mirror on a target, each is a subject of its own: neither proves the other.
 */
async function planSubjects(context: RunContext, test: RestoreTest): Promise<readonly Subject[]> {
  const { namespace } = context.identity;
  const policy = await loadPolicy(context, test.spec.policyRef.name);
  const { items } = await context.client.list(persistentVolumeClaims, { namespace });
  const { matching } = chooseVolumes(policy.spec.volumes, items);
  if (matching.length === 0) {
    throw new RunFailure(
      runReason.noVolumesMatch,
      `no PVC matches spec.volumes of the policy ${policy.metadata.name}, so there is nothing to test; correct the selector or the names`,
    );
  }
  const { schedules, objectives } = policy.spec;
  const ofPolicy = [...new Set(schedules.flatMap(({ targets }) => targets))];
  const names = test.spec.targets ?? ofPolicy;
  const { targets } = await loadTargets(context, names);
  const limitOn = (name: string): number => {
    const maxAge = targets.find(({ metadata }) => metadata.name === name)?.spec.maxAge;
    const own = maxAge === undefined ? {} : { maxAgeSeconds: durationSeconds(maxAge) };
    return ageLimitSeconds(own, { rpoSeconds: durationSeconds(objectives.rpo) });
  };
  // Where the policy copies nothing the test has to fail, and not to pass for want of anything to test.
  const kindsOn = (name: string): readonly CopyKind[] => {
    const kinds = copyKindsOn(schedules, name);
    return kinds.length > 0 ? kinds : ["chain"];
  };
  return matching.flatMap(({ metadata: { name, uid } }) =>
    names.flatMap((target) =>
      kindsOn(target).map((kind) => ({
        test,
        pvc: { name, uid },
        target,
        kind,
        maxAgeSeconds: limitOn(target),
      })),
    ),
  );
}

/** Passed only if all of it did. */
export function summarize(results: readonly TestResult[]): RunVerdict {
  const failed = results.filter(({ result }) => result === "Failed");
  const [first] = failed;
  if (!first) {
    const message = `${results.length} of ${results.length} copies were restored and verified: ${listText(results.map(({ id }) => id))}`;
    return { outcome: "Succeeded", reason: runReason.succeeded, message };
  }
  const agree = failed.every(({ reason }) => reason === first.reason);
  const told = listText(
    failed.map(({ id, reason, message }) => (agree ? `${id}: ${message}` : `${id}: ${reason}: ${message}`)),
  );
  const message = `${failed.length} of ${results.length} copies failed their test; ${told}`;
  return { outcome: "Failed", reason: agree ? first.reason : runReason.copiesFailed, message };
}

async function tell(
  context: RunContext,
  test: RestoreTest,
  { id, result, reason, message }: TestResult,
): Promise<void> {
  const passed = result === "Passed";
  await context.recordEvent({
    about: test,
    type: passed ? "Normal" : "Warning",
    reason: passed ? "RestoreTestPassed" : "RestoreTestFailed",
    message: passed ? `${id}: ${message}` : `${id}: ${reason}: ${message}`,
    key: `${context.identity.jobUid}/${id}`,
  });
}
