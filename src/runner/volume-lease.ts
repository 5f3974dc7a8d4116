import { label, labelValue, manager } from "../api/names.ts";
import { isAlreadyExists, isForbidden, isNotFound } from "../kube/errors.ts";
import { type Acquisition, claimLease, keepLease } from "../kube/lease.ts";
import { jobs, leases, nodes, persistentVolumeClaims, pods } from "../kube/resources.ts";
import type { Job, Lease, Pod, Stored } from "../kube/types.ts";
import { fieldManager, type RunContext } from "./context.ts";
import { runReason } from "./contract.ts";
import { RunFailure } from "./failure.ts";
import { forgetOldest, isFinished, isProvenDead, nodeOf, recordOf, recordsOf } from "./mover-records.ts";
import { volumeLeaseName } from "./names.ts";
import { waitFor } from "./wait.ts";

/**
 * Long enough to outlast an API server that is restarted. It costs little: a run that is over is not waited for, however it ended, as
 * its Job says so.
 */
const durationSeconds = 300;
const holderJobAnnotation = "holdfast.dev/holder-job";
/** Longer than a mover needs to start, shorter than anybody wants to wait. */
const lookAgainMs = 2000;

export type HeldVolume = {
  /** Aborted when another run may have taken the volume. */
  readonly lost: AbortSignal;
  readonly release: () => Promise<void>;
};

/**
 * Takes the Lease of a volume, so that runs on one PVC go one after the other. A holder whose Job is over is not waited for.
 * `undefined` when another run kept it until our patience was over.
 */
export async function holdVolume(context: RunContext, pvc: string): Promise<HeldVolume | undefined> {
  const { client, identity, signal, patience } = context;
  const claim = claimLease({
    client,
    namespace: identity.namespace,
    name: volumeLeaseName(pvc),
    holder: identity.jobUid,
    durationSeconds,
    labels: leaseLabels(pvc),
    annotations: { [holderJobAnnotation]: identity.jobName },
    keepAnnotations: true,
  });
  let told = false;
  const held = await waitFor({ seconds: patience.volumeBusy, everyMs: lookAgainMs, signal }, async () => {
    const first = await claim.tryAcquire();
    if (first.held) return true;
    if (!told) context.log.info({ pvc, holder: first.holder }, "another run holds the volume; waiting for it");
    told = true;
    if (!(await isHolderGone(context, first))) return undefined;
    return (await claim.tryAcquire({ holderGone: true })).held || undefined;
  });
  if (!held) return undefined;
  const kept = keepLease(claim, durationSeconds);
  return {
    lost: withReason(kept.lost, pvc),
    release: async () => {
      await kept.release();
      await removeOrphan(context, pvc);
    },
  };
}

function withReason(lost: AbortSignal, pvc: string): AbortSignal {
  const named = new AbortController();
  const message = `lost the hold on PVC ${pvc}, because the API server could not be reached or another run took it`;
  lost.addEventListener("abort", () => named.abort(new RunFailure(runReason.holdLost, message)), { once: true });
  return named.signal;
}

/** The Job that holds it is over, or gone, and no pod of it is left that may still work. */
async function isHolderGone({ client, identity }: RunContext, { lease, holder }: Acquisition): Promise<boolean> {
  const name = lease?.metadata.annotations?.[holderJobAnnotation];
  if (!name || !holder) return false;
  const { namespace } = identity;
  const job = await client.find(jobs, { namespace, name });
  if (job?.metadata.uid === holder && !isOver(job)) return false;
  const labelSelector = `batch.kubernetes.io/controller-uid=${holder}`;
  const { items } = await client.list(pods, { namespace, labelSelector });
  return items.every(isFinished);
}

const isOver = (job: Job): boolean =>
  job.status?.conditions?.some(({ type, status }) => (type === "Complete" || type === "Failed") && status === "True") ??
  false;

/** The Lease of a PVC that has gone meanwhile would stay for ever. */
async function removeOrphan({ client, identity }: RunContext, pvc: string): Promise<void> {
  const { namespace } = identity;
  const name = volumeLeaseName(pvc);
  const lease = await client.find(leases, { namespace, name });
  if (!lease || lease.spec?.holderIdentity) return;
  if (await client.find(persistentVolumeClaims, { namespace, name: pvc })) return;
  const { uid, resourceVersion } = lease.metadata;
  await client.delete(leases, { namespace, name }, { uid, resourceVersion });
}

/**
 * Remembers a mover's pod on the Lease of the volume, whose repositories it is about to lock; once when it is first seen, and again
 * when it has a node.
 */
export async function rememberMover(context: RunContext, pvc: string, pod: Stored<Pod>): Promise<void> {
  const { client, identity, now } = context;
  const ref = { namespace: identity.namespace, name: volumeLeaseName(pvc) };
  const annotations = recordOf(pod, now());
  const patch = () => client.patch(leases, ref, { metadata: { annotations } }, { fieldManager });
  try {
    await patch();
  } catch (error) {
    if (!isNotFound(error)) throw error;
    // A restore where no backup has run yet: the Lease begins as a free one.
    const metadata = { ...ref, labels: leaseLabels(pvc), annotations };
    const lease: Lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec: {} };
    await client.create(leases, lease, { fieldManager }).catch((taken) => {
      if (!isAlreadyExists(taken)) throw taken;
      return patch();
    });
  }
}

/** The UIDs of this volume's movers that are proven dead: locks in their names may be removed. */
export async function findDeadMovers(context: RunContext, pvc: string): Promise<string[]> {
  const { client, identity } = context;
  const { namespace } = identity;
  await rememberUnrecorded(context, pvc);
  const lease = await client.find(leases, { namespace, name: volumeLeaseName(pvc) });
  if (!lease) return [];
  const records = recordsOf(lease);
  const dead: string[] = [];
  for (const record of records) {
    const pod = await client.find(pods, { namespace, name: record.pod });
    const nodeName = nodeOf(record, pod);
    if (!nodeName) continue;
    const node = await findNode(context, nodeName);
    if (node !== "unknown" && isProvenDead({ record, pod, node })) dead.push(record.uid);
  }
  const annotations = forgetOldest(records);
  if (Object.keys(annotations).length > 0) {
    await client.patch(leases, lease.metadata, { metadata: { annotations } }, { fieldManager });
  }
  return dead;
}

/** Pods of a runner that died before it could write them down. */
async function rememberUnrecorded(context: RunContext, pvc: string): Promise<void> {
  const { client, identity } = context;
  const { namespace } = identity;
  const lease = await client.find(leases, { namespace, name: volumeLeaseName(pvc) });
  const known = new Set(lease ? recordsOf(lease).map(({ uid }) => uid) : []);
  const labelSelector = `${label.component}=mover,${label.pvc}=${labelValue(pvc)}`;
  const { items } = await client.list(pods, { namespace, labelSelector });
  for (const pod of items) if (!known.has(pod.metadata.uid)) await rememberMover(context, pvc, pod);
}

async function findNode({ client }: RunContext, name: string) {
  try {
    return await client.find(nodes, { name });
  } catch (error) {
    // Without the right to look nothing is proven, and restic's own rule decides: stale after 30 minutes.
    if (isForbidden(error)) return "unknown" as const;
    throw error;
  }
}

const leaseLabels = (pvc: string) => ({ [label.managedBy]: manager, [label.pvc]: labelValue(pvc) });
