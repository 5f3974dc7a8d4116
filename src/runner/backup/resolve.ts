import type { BackupPolicy, BackupTarget } from "../../api/objects.ts";
import type { Schedule } from "../../api/policy.ts";
import { persistentVolumeClaims } from "../../kube/resources.ts";
import type { PersistentVolumeClaim, Stored } from "../../kube/types.ts";
import { chooseVolumes } from "../../policy/volumes.ts";
import type { RunContext } from "../context.ts";
import { runReason } from "../contract.ts";
import { RunFailure, Suspended } from "../failure.ts";
import { loadClusterUid, loadTargets } from "../load.ts";
import { isStartedByHand } from "../started-by-hand.ts";

/** A target that takes no part in this run. */
export type TargetFailure = { readonly target: string; readonly reason: string; readonly message: string };

/** What a backup run is about: settled at its beginning, the same for all its volumes. */
export type BackupPlan = {
  readonly policy: BackupPolicy;
  readonly schedule: Schedule;
  readonly targets: readonly BackupTarget[];
  readonly targetFailures: readonly TargetFailure[];
  readonly claims: readonly Stored<PersistentVolumeClaim>[];
  /** Volumes the policy names that cannot be backed up at all. */
  readonly missing: readonly { readonly pvc: string; readonly message: string }[];
  readonly clusterUid: string;
};

/** Reads what the run needs to know. Throws a `RunFailure` where there is nothing that it could do. */
export async function resolveBackup(
  context: RunContext,
  policy: BackupPolicy,
  scheduleName: string,
): Promise<BackupPlan> {
  const policyName = policy.metadata.name;
  const schedule = policy.spec.schedules.find(({ name }) => name === scheduleName);
  if (!schedule) {
    throw new RunFailure(
      runReason.policyInvalid,
      `the policy ${policyName} has no schedule "${scheduleName}" any more; start a run of one that it has`,
    );
  }
  if ((policy.spec.suspend || schedule.suspend) && !(await isStartedByHand(context))) {
    throw new Suspended(policy.spec.suspend ? `the policy ${policyName}` : `the schedule ${scheduleName}`);
  }
  const { targets, failures } = await loadTargets(context, schedule.targets);
  const [first] = failures;
  if (targets.length === 0 && first) {
    throw new RunFailure(first.reason, failures.map(({ message }) => message).join("; "));
  }
  const { claims, missing } = await findVolumes(context, policy);
  const clusterUid = await loadClusterUid(context);
  return { policy, schedule, targets, targetFailures: failures, claims, missing, clusterUid };
}

async function findVolumes({ client, identity }: RunContext, { metadata, spec }: BackupPolicy) {
  const { namespace } = identity;
  const all = (await client.list(persistentVolumeClaims, { namespace })).items;
  const { matching, missing, leaving } = chooseVolumes(spec.volumes, all);
  const gone = [
    ...missing.map((pvc) => ({
      pvc,
      message: `there is no PVC "${pvc}", which the policy names; correct spec.volumes.names`,
    })),
    ...leaving.map((pvc) => ({ pvc, message: `PVC ${pvc} is being deleted` })),
  ];
  if (matching.length > 0) return { claims: matching, missing: gone };
  const [first] = gone;
  if (first) throw new RunFailure(runReason.volumeNotFound, gone.map(({ message }) => message).join("; "));
  throw new RunFailure(
    runReason.noVolumesMatch,
    `no PVC in namespace ${namespace} matches spec.volumes of the policy ${metadata.name}; correct the selector or the names`,
  );
}

/** Throws where the volume is in a state in which it cannot be backed up. */
export function checkClaim({ metadata, status }: PersistentVolumeClaim): void {
  if (status?.phase === "Bound") return;
  const why =
    status?.phase === "Lost"
      ? "its volume is lost"
      : "it is not bound to a volume; on a storage class that waits for the first consumer it is when a pod uses it";
  throw new RunFailure(runReason.volumeNotBound, `PVC ${metadata.name} cannot be backed up: ${why}`);
}
