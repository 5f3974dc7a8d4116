import { parseRestore, type Restore } from "../../api/objects.ts";
import { isAlreadyExists } from "../../kube/errors.ts";
import { restores } from "../../kube/holdfast.ts";
import { jobs } from "../../kube/resources.ts";
import type { Stored } from "../../kube/types.ts";
import { grantAccess } from "../access/access.ts";
import type { Standing } from "../conditions.ts";
import type { Context } from "../context.ts";
import { attempt, describeApplyError, isRace } from "../failures.ts";
import { fieldManager } from "../options.ts";
import { isOwnedBy } from "../owners.ts";
import { parseOrRefusal, refuse } from "../parse.ts";
import type { Outcome } from "../queue.ts";
import { gatherRuns } from "../runs/gather.ts";
import { summaryReason } from "../runs/summary.ts";
import { sayStatus } from "../status.ts";
import { tellStanding } from "../tell.ts";
import { decideRestore, type RestoreInput, restoreJob, restoreJobName } from "./decide.ts";

/** What the runner writes into a Restore's status. */
const others = [
  "phase",
  "restorePoint",
  "target",
  "snapshot",
  "startTime",
  "completionTime",
  "progress",
  "restoreSeconds",
  "bytes",
  "files",
];

/** Starts the one Job of a Restore, and says how it goes on and ends. */
export async function reconcileRestore(context: Context, raw: Stored<Restore>): Promise<Outcome> {
  const parsed = parseOrRefusal(parseRestore, raw);
  if ("refused" in parsed) return await refuse(context, { resource: restores, object: raw, ...parsed, others });
  const restore = parsed.object;
  const decision = await decide(context, restore);
  switch (decision.step) {
    case "Leave":
      return {};
    case "Start":
      return await start(context, restore);
    case "Say":
      await say(context, restore, decision.standing, decision.status);
      return { againAfterSeconds: decision.againAfterSeconds };
  }
}

async function decide(context: Context, restore: Stored<Restore>) {
  const { caches, client } = context;
  const at = { namespace: restore.metadata.namespace, name: restoreJobName(restore) };
  const seen = decideRestore(await gather(context, restore, caches.jobs.get(at)), context.now());
  if (seen.step !== "Say" || seen.standing.reason !== summaryReason.runLost) return seen;
  // Our caches may be behind each other: before a run is called lost, the API server is asked.
  const asked = await client.find(jobs, at);
  return asked ? decideRestore(await gather(context, restore, asked), context.now()) : seen;
}

async function gather(
  context: Context,
  restore: Stored<Restore>,
  present: RestoreInput["present"],
): Promise<RestoreInput> {
  const own = present && isOwnedBy(present, restore.metadata.uid) ? [present] : [];
  const leftEvidence = () => restore.status?.phase === "Succeeded";
  const [run] = await gatherRuns(context, { jobs: own, leftEvidence, now: context.now() });
  return { restore, present, run };
}

async function start(context: Context, restore: Stored<Restore>): Promise<Outcome> {
  const { client, caches, image } = context;
  const failure = await attempt(async () => {
    await grantAccess(client, caches, restore.metadata.namespace);
    await client.create(jobs, restoreJob(restore, image), { fieldManager });
  });
  if (isAlreadyExists(failure)) return await sayWhose(context, restore, failure);
  if (isRace(failure)) throw failure;
  if (failure) {
    await say(context, restore, describeApplyError(failure));
    throw failure;
  }
  const message = `the Job ${restoreJobName(restore)} is started`;
  await say(context, restore, { state: "Reconciling", reason: summaryReason.running, message });
  return { againAfterSeconds: 10 };
}

/** The cache has only our own Jobs, so one that is somebody else's shows first when ours cannot be made. */
async function sayWhose(context: Context, restore: Stored<Restore>, failure: unknown): Promise<Outcome> {
  const at = { namespace: restore.metadata.namespace, name: restoreJobName(restore) };
  const present = await context.client.find(jobs, at);
  if (!present || isOwnedBy(present, restore.metadata.uid)) throw failure;
  const decision = decideRestore({ restore, present, run: undefined }, context.now());
  if (decision.step === "Say") await say(context, restore, decision.standing);
  return { againAfterSeconds: 60 };
}

async function say(
  context: Context,
  restore: Stored<Restore>,
  standing: Standing,
  status: Partial<Restore["status"]> = {},
): Promise<void> {
  await sayStatus(context, {
    resource: restores,
    object: restore,
    standing,
    conditions: [],
    status: { observedGeneration: restore.metadata.generation, ...status },
    others,
  });
  await tellStanding(context, restore, standing);
}
