import { label, labelValue } from "../../api/names.ts";
import { type BackupTarget, parseBackupTarget } from "../../api/objects.ts";
import type { TargetStatus } from "../../api/target.ts";
import { isAlreadyExists } from "../../kube/errors.ts";
import { backupTargets } from "../../kube/holdfast.ts";
import { configMaps, jobs } from "../../kube/resources.ts";
import type { ConfigMap, Job, Stored } from "../../kube/types.ts";
import type { Context } from "../context.ts";
import { describeApplyError, isRace } from "../failures.ts";
import { fieldManager } from "../options.ts";
import { isOwnedBy } from "../owners.ts";
import { parseOrRefusal, refuse } from "../parse.ts";
import type { Outcome } from "../queue.ts";
import { findBlock, podsOf } from "../runs/gather.ts";
import { sayStatus, writeStatus } from "../status.ts";
import { tellStanding } from "../tell.ts";
import {
  concludedStatus,
  decideProbe,
  isUnjudged,
  type ProbeInput,
  probingStatus,
  secondsUntilDue,
  standingOf,
  uselessProbes,
} from "./decide.ts";
import { probeManifests, probeName } from "./manifest.ts";
import type { Finding } from "./result.ts";

/**
 * Finds out whether a target's store can be used, by a Job without an API token: the controller itself never sees credentials.
 * One reconcile does one step; the Job's and its pod's changes lead to the next.
 */
export async function reconcileTarget(context: Context, raw: Stored<BackupTarget>): Promise<Outcome> {
  const parsed = parseOrRefusal(parseBackupTarget, raw);
  if ("refused" in parsed) return await refuse(context, { resource: backupTargets, object: raw, ...parsed });
  const target = parsed.object;
  const input = await gather(context, target);
  for (const job of uselessProbes(input)) await removeProbe(context, job);
  const step = decideProbe(input);
  switch (step.step) {
    case "Await":
      return { againAfterSeconds: step.seconds };
    case "Start":
      return await start(context, target);
    case "Conclude":
      return await conclude(context, input, step.finding);
  }
}

async function gather(context: Context, target: Stored<BackupTarget>): Promise<ProbeInput> {
  const { caches, now } = context;
  const { namespace, name, uid } = target.metadata;
  const own = caches.jobs
    .list(namespace)
    .filter((job) => isOwnedBy(job, uid) && job.metadata.labels?.[label.target] === labelValue(name));
  const present = own.find((job) => job.metadata.name === probeName(target));
  const pods = present ? podsOf(caches, present) : [];
  const blocked = present ? await findBlock(context, { job: present, pods, now: now() }) : undefined;
  return { target, jobs: own, pods, blocked, now: now() };
}

async function start(context: Context, target: Stored<BackupTarget>): Promise<Outcome> {
  const { client, image, caches } = context;
  const { configMap, job } = probeManifests(target, image, caches.points.list(target.metadata.namespace));
  try {
    await makeConfiguration(client, configMap);
    await client.create(jobs, job, { fieldManager });
  } catch (error) {
    // Our cache may not have the probe yet that we have started.
    if (isAlreadyExists(error)) return { againAfterSeconds: 1 };
    await client.delete(configMaps, configMap.metadata);
    if (!isRace(error)) await sayCannotProbe(context, target, error);
    throw error;
  }
  if (isUnjudged(target)) await write(context, target, probingStatus(target, context.now()));
  return { againAfterSeconds: 3 };
}

async function makeConfiguration(client: Context["client"], configMap: ConfigMap): Promise<void> {
  try {
    await client.create(configMaps, configMap, { fieldManager });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

async function conclude(context: Context, { target, jobs: own }: ProbeInput, finding: Finding): Promise<Outcome> {
  const status = concludedStatus(target, finding, context.now());
  await write(context, target, status);
  await tellStanding(context, target, standingOf(finding));
  for (const job of own) await removeProbe(context, job);
  return { againAfterSeconds: Math.max(1, secondsUntilDue({ ...target, status }, context.now())) };
}

async function removeProbe({ client }: Context, { metadata }: Stored<Job>): Promise<void> {
  await client.delete(configMaps, metadata);
  await client.delete(jobs, metadata, { uid: metadata.uid });
}

const write = ({ client }: Context, target: Stored<BackupTarget>, status: TargetStatus): Promise<boolean> =>
  writeStatus({ client, resource: backupTargets, object: target, status });

async function sayCannotProbe(context: Context, target: Stored<BackupTarget>, error: unknown): Promise<void> {
  const standing = describeApplyError(error);
  const { reason, message } = standing;
  await sayStatus(context, {
    resource: backupTargets,
    object: target,
    standing,
    conditions: [{ type: "Reachable", status: "Unknown", reason, message }],
    status: { observedGeneration: target.metadata.generation, lastProbeTime: target.status?.lastProbeTime },
  });
  await tellStanding(context, target, standing);
}
