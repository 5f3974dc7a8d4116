import { label, labelValue } from "../api/names.ts";
import type { BackupTarget } from "../api/objects.ts";
import type { MoverOptions } from "../api/pods.ts";
import type { ReadingConfig } from "../contract/configs.ts";
import type { ConfigMap, CronJob, Job, OwnerReference, Stored } from "../kube/types.ts";
import { runnerEnv } from "../runner/contract.ts";
import { chainLocation, credentialMount } from "../runner/location.ts";
import { moverConfigMap, moverJob } from "../runner/mover-pod.ts";
import type { Choice } from "../runner/restore/choose.ts";

/** On what the plug-in makes: the operator's janitor leaves it alone, and so do tools that look for the operator's objects. */
export const readerManager = "kubectl-holdfast";

/** It has ended or was given up: nobody looks at it any more. */
const ttlSecondsAfterFinished = 60;

export interface Reader {
  readonly name: string;
  readonly choice: Choice;
  readonly target: BackupTarget;
  readonly image: string;
  readonly imagePullPolicy?: string | undefined;
  readonly options: MoverOptions;
}

const labelsOf = ({ choice }: Reader) => ({
  [label.managedBy]: readerManager,
  [label.component]: "reader",
  [label.pvc]: labelValue(choice.point.spec.pvc.name),
});

const namespaceOf = ({ choice }: Reader): string => choice.point.metadata.namespace ?? "default";

/** A pod like a mover's, with one target's credentials and nothing else, that waits for commands. */
export function readerJob(reader: Reader): Job {
  const { name, image, imagePullPolicy, options, target } = reader;
  return moverJob({
    name,
    namespace: namespaceOf(reader),
    labels: labelsOf(reader),
    command: "wait",
    image,
    ...(imagePullPolicy ? { imagePullPolicy } : {}),
    configMap: name,
    credentials: [credentialMount(target)],
    options,
    ttlSecondsAfterFinished,
  });
}

/** Where the repository is; goes with the Job that owns it. */
export function readerConfigMap(reader: Reader, job: Stored<Job>): ConfigMap {
  const { name, choice, target } = reader;
  const { pvc, chain } = choice.point.spec;
  const config: ReadingConfig = {
    repository: chainLocation(target, namespaceOf(reader), pvc.name, chain),
    lock: { holder: name, deadHolders: [], waitSeconds: 60 },
  };
  const owner: OwnerReference = { apiVersion: "batch/v1", kind: "Job", name, uid: job.metadata.uid };
  return moverConfigMap({ name, namespace: namespaceOf(reader), labels: labelsOf(reader), owner, config });
}

/** What the operator's own pods run, as its CronJobs tell: those of the policy first. Undefined where there are none. */
export function operatorImage(
  cronJobs: readonly CronJob[],
  policy: string,
): { readonly image: string; readonly imagePullPolicy?: string | undefined } | undefined {
  const ofPolicy = ({ metadata }: CronJob) => metadata.labels?.[label.policy] === labelValue(policy);
  for (const job of [...cronJobs.filter(ofPolicy), ...cronJobs]) {
    const [container] = job.spec?.jobTemplate.spec?.template.spec?.containers ?? [];
    const given = container?.env?.find(({ name }) => name === runnerEnv.image)?.value;
    const image = given ?? container?.image;
    if (image) return { image, imagePullPolicy: container?.imagePullPolicy };
  }
  return undefined;
}
