import type { RestorePoint, RestoreTest } from "../../api/objects.ts";
import type { TestResult } from "../../api/restoretest.ts";
import { jobs, persistentVolumeClaims } from "../../kube/resources.ts";
import type { CopyKind } from "../../policy/copy-kind.ts";
import { inAttempts } from "../attempts.ts";
import { cleanUp } from "../backup/cleanup.ts";
import { isBlock, recordedSource } from "../claim.ts";
import { type RunContext, undisturbed } from "../context.ts";
import { runReason } from "../contract.ts";
import { deleteAndWait, findOurs } from "../ensure.ts";
import { describeFailure, logged, RunFailure } from "../failure.ts";
import { loadTarget } from "../load.ts";
import { moverObjects } from "../mover-run.ts";
import { type Component, runLabels, runObjectName } from "../names.ts";
import { listPoints, timeOfCopy } from "../points.ts";
import type { Choice } from "../restore/choose.ts";
import { type RestoreTask, restoreData, verifyData } from "../restore-mover.ts";
import { isAboutCopy } from "./about-copy.ts";
import { runCheck } from "./check.ts";
import { resultId, writeVerification } from "./results.ts";
import { keepScratch, makeScratch } from "./scratch.ts";
import { assertFresh, selectPoint } from "./select.ts";

/** One volume's chains, or its mirror, on one target. */
export type Subject = {
  readonly test: RestoreTest;
  readonly pvc: { readonly name: string; readonly uid: string };
  readonly target: string;
  readonly kind: CopyKind;
  /** How old the newest data there may be. */
  readonly maxAgeSeconds: number;
};

type Measured = { readonly restoreSeconds: number; readonly bytes: number; readonly files: number };

/** Restores a copy, compares every file, runs the checks. Throws only when the run is stopped: a failure is a result. */
export async function testCopy(context: RunContext, subject: Subject): Promise<TestResult> {
  const { test, pvc, target, kind } = subject;
  const about = { id: resultId(pvc.name, target, kind), pvc: pvc.name, target, kind };
  const time = context.now();
  const { which } = test.spec.select;
  let choice: Choice | undefined;
  let measured: Measured | undefined;
  try {
    const { points, chosen, found } = await inAttempts(context, "the test of this copy", async () => {
      // Afresh each time: what an attempt that was stopped had chosen may be gone, as a mirror's point is once the next one is made.
      const points = await pointsOf(context, subject);
      const chosen = selectPoint({ ...subject, points, which, random: Math.random });
      choice = chosen;
      return { points, chosen, found: await prove(context, subject, chosen) };
    });
    measured = found;
    const facts = factsOf(chosen, time);
    const message = `${chosen.point.metadata.name} was restored and every file is as it was backed up${passedChecks(test)}`;
    await verify(context, subject, chosen, { result: "Passed", message, restoreSeconds: found.restoreSeconds });
    // The copy keeps what was found of it; but what was restored must not go on passing once backups have stopped.
    if (which === "Latest") assertFresh({ ...subject, points, now: time });
    return { ...about, result: "Passed", reason: runReason.succeeded, message, ...facts, ...found };
  } catch (error) {
    context.signal.throwIfAborted();
    const { reason, message } = describeFailure(error);
    context.log.warn({ ...logged(error), id: about.id }, "the test of this copy failed");
    // What hindered the test says nothing of the copy, and must not take from it that it was proven before.
    if (choice && isAboutCopy(reason))
      await verify(context, subject, choice, { result: "Failed", message: `${reason}: ${message}` });
    const facts = choice ? factsOf(choice, time) : { time: time.toISOString() };
    // Where only a newer copy is wanting, this one is proven, and the time that it took counts.
    return { ...about, result: "Failed", reason, message, ...facts, ...measured };
  }
}

function passedChecks({ spec }: RestoreTest): string {
  const names = (spec.checks ?? []).map(({ name }) => name);
  return names.length > 0 ? `; passed: ${names.join(", ")}` : "";
}

const factsOf = ({ point, copy }: Choice, time: Date) => ({
  time: time.toISOString(),
  restorePoint: point.metadata.name,
  snapshot: copy.snapshot,
  ageSeconds: Math.max(0, Math.round((time.getTime() - timeOfCopy(point, copy)) / 1000)),
});

/** What the policy made of this PVC, or of one before it that had its name. */
async function pointsOf(context: RunContext, { test, pvc }: Subject): Promise<readonly RestorePoint[]> {
  const policy = test.spec.policyRef.name;
  return (await listPoints(context, pvc.name)).filter(({ spec }) => spec.policy === policy);
}

function verify(
  context: RunContext,
  { test, target }: Subject,
  { point }: Choice,
  found: { readonly result: "Passed" | "Failed"; readonly message: string; readonly restoreSeconds?: number },
): Promise<void> {
  const time = context.now().toISOString();
  return writeVerification(context, point, target, { ...found, time, restoreTest: test.metadata.name });
}

/**
 * The proof itself, in a scratch volume that goes afterwards, or stays after a failure where that is asked for. Once something has stopped it
 * can only be done from the beginning, and is measured from there.
 */
async function prove(context: RunContext, subject: Subject, choice: Choice): Promise<Measured> {
  const { test, pvc, target, kind } = subject;
  const stem = [context.identity.jobUid, pvc.name, target, ...(kind === "mirror" ? ["mirror"] : [])] as const;
  const nameOf = (...parts: readonly string[]) => runObjectName(...stem, ...parts);
  const labels = (component: Component) =>
    runLabels({
      run: context.identity.jobUid,
      component,
      pvc: pvc.name,
      policy: test.spec.policyRef.name,
      restoreTest: test.metadata.name,
    });
  const scratch = nameOf();
  const movers = [nameOf("restore"), nameOf("verify")];
  let failed = true;
  // What an earlier attempt left was begun at its own time, and may be of another point.
  const checks = (test.spec.checks ?? []).map((check) => nameOf(...checkName(check)));
  await cleanUp(context, { movers: [...movers, ...checks], claim: scratch });
  await assertGone(context, scratch);
  try {
    const task: RestoreTask = {
      about: test,
      name: nameOf("restore"),
      labels: labels("mover"),
      choice,
      target: await loadTarget(context, target),
      claim: scratch,
      options: test.spec.mover,
    };
    const started = performance.now();
    await makeScratch(context, { name: scratch, labels: labels("scratch"), test, choice });
    const { bytes, files } = await restoreData(context, { ...task, include: [], onProgress: async () => {} });
    const restoreSeconds = Math.round((performance.now() - started) / 100) / 10;
    // The pod that wrote must be gone, and its cache with it, before another one reads.
    await deleteAndWait(context, moverObjects(task.name));
    await verifyData(context, { ...task, name: nameOf("verify") });
    await deleteAndWait(context, moverObjects(nameOf("verify")));
    await runChecks(context, subject, {
      claim: scratch,
      isBlock: isBlock(recordedSource(choice.point)),
      labels: labels("check"),
      nameOf,
    });
    failed = false;
    return { restoreSeconds, bytes: Math.round(bytes), files };
  } finally {
    await tidy(undisturbed(context), subject, { scratch, movers, keep: failed && test.spec.keepOnFailure });
  }
}

/** Into what an attempt that was stopped has begun to fill nothing can be restored. */
async function assertGone(context: RunContext, scratch: string): Promise<void> {
  if (!(await findOurs(context, persistentVolumeClaims, scratch))) return;
  const message = `the scratch volume ${scratch} of an attempt that was stopped is not gone yet; see whether its pod's node is well, then start the test again`;
  throw new RunFailure(runReason.moverLost, message);
}

const checkName = ({ name }: { readonly name: string }): readonly string[] => ["check", name];

async function runChecks(
  context: RunContext,
  { test }: Subject,
  options: {
    readonly claim: string;
    readonly isBlock: boolean;
    readonly labels: Readonly<Record<string, string>>;
    readonly nameOf: (...parts: readonly string[]) => string;
  },
): Promise<void> {
  const { nameOf, ...volume } = options;
  for (const check of test.spec.checks ?? []) {
    const name = nameOf(...checkName(check));
    try {
      await runCheck(context, { name, ...volume, check, options: test.spec.mover });
    } finally {
      await deleteAndWait(undisturbed(context), [{ resource: jobs, name }]);
    }
  }
}

async function tidy(
  context: RunContext,
  { test }: Subject,
  { scratch, movers, keep }: { readonly scratch: string; readonly movers: readonly string[]; readonly keep: boolean },
): Promise<void> {
  if (!keep) return await cleanUp(context, { movers, claim: scratch });
  await deleteAndWait(context, movers.flatMap(moverObjects));
  await keepScratch(context, test, scratch);
}
