import { createHash } from "node:crypto";
import { fitName, label, labelValue, manager } from "../../api/names.ts";
import type { BackupTarget, RestorePoint } from "../../api/objects.ts";
import type { RestorePointSpec } from "../../api/restorepoint.ts";
import { type ProbeConfig, probeConfig } from "../../contract/configs.ts";
import { backupTargets } from "../../kube/holdfast.ts";
import type { ConfigMap, Job, Stored } from "../../kube/types.ts";
import { mirrorChain } from "../../policy/chains.ts";
import { chainLocation, credentialMount, storeLocation } from "../../runner/location.ts";
import { moverConfigMap, moverJob } from "../../runner/mover-pod.ts";
import { isStored, timeOfCopy } from "../../runner/points.ts";
import type { RunnerImage } from "../options.ts";
import { controllerReference } from "../owners.ts";

/** A probe that has not ended by then has failed. */
const timeLimit = "2m";

/**
 * The name of the next probe of a target. It is the same until that probe's result is in the status, so that one probe is never
 * started twice, and another one afterwards.
 */
export function probeName({ metadata, status }: Stored<BackupTarget>): string {
  const turn = JSON.stringify([metadata.uid, metadata.generation, status?.lastProbeTime]);
  const hash = createHash("sha256").update(turn).digest("hex").slice(0, 10);
  return `${fitName(metadata.name, 40)}-probe-${hash}`;
}

export const probeLabels = (target: BackupTarget): Record<string, string> => ({
  [label.managedBy]: manager,
  [label.component]: "probe",
  [label.target]: labelValue(target.metadata.name),
});

/** The newest of the points that have data in a repository on this target: the password has to open that one. */
function newestCopyOn({ metadata }: BackupTarget, points: readonly RestorePoint[]): RestorePointSpec | undefined {
  const stored = points.flatMap((point) => {
    const copy = point.status?.copies?.find((each) => each.target === metadata.name && isStored(each));
    return point.spec.chain !== mirrorChain && copy ? [{ spec: point.spec, time: timeOfCopy(point, copy) }] : [];
  });
  return stored.toSorted((a, b) => b.time - a.time)[0]?.spec;
}

/**
 * The Job that looks whether a target's store can be used, and its configuration. Both go with the target. `points` are those of
 * its namespace.
 */
export function probeManifests(
  target: Stored<BackupTarget>,
  image: RunnerImage,
  points: readonly RestorePoint[] = [],
): { readonly configMap: ConfigMap; readonly job: Job } {
  const common = {
    name: probeName(target),
    namespace: target.metadata.namespace,
    labels: probeLabels(target),
    owner: controllerReference(backupTargets, target),
  };
  const newest = newestCopyOn(target, points);
  const config: ProbeConfig = probeConfig.parse({
    repository: storeLocation(target),
    ...(newest && { opens: chainLocation(target, target.metadata.namespace, newest.pvc.name, newest.chain) }),
  });
  return {
    configMap: moverConfigMap({ ...common, config }),
    job: moverJob({
      ...common,
      image: image.image,
      imagePullPolicy: image.imagePullPolicy,
      command: "probe",
      configMap: common.name,
      credentials: [credentialMount(target)],
      options: { ...target.spec.probe, timeLimit },
    }),
  };
}
