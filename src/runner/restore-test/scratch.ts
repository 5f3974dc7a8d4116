import { label, labelValue } from "../../api/names.ts";
import type { RestoreTest } from "../../api/objects.ts";
import { isNotFound } from "../../kube/errors.ts";
import { restoreTests } from "../../kube/holdfast.ts";
import { apiVersionOf, persistentVolumeClaims } from "../../kube/resources.ts";
import { cleanUp } from "../backup/cleanup.ts";
import { claimSpecFor, recordedSource } from "../claim.ts";
import { fieldManager, type RunContext } from "../context.ts";
import { ensure } from "../ensure.ts";
import { loadStorageClasses } from "../load.ts";
import { keptAnnotation } from "../names.ts";
import type { Choice } from "../restore/choose.ts";
import { chooseTemporaryClass } from "../storage-class.ts";

/** Makes the volume that a test restores into. */
export async function makeScratch(
  context: RunContext,
  options: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly test: RestoreTest;
    readonly choice: Choice;
  },
): Promise<void> {
  const { name, labels, test, choice } = options;
  const source = recordedSource(choice.point);
  const storageClassName = chooseTemporaryClass({
    pvc: choice.point.spec.pvc.name,
    name: test.spec.storageClassName ?? source.spec?.storageClassName,
    classes: await loadStorageClasses(context),
  });
  await ensure(context, persistentVolumeClaims, {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace: context.identity.namespace, labels, ownerReferences: [context.owner] },
    spec: claimSpecFor(source, { storageClassName }),
  });
}

/** Leaves the volume of a failed test to be looked at, until the next run or the end of the RestoreTest. */
export async function keepScratch(context: RunContext, test: RestoreTest, name: string): Promise<void> {
  const owner = {
    apiVersion: apiVersionOf(restoreTests),
    kind: restoreTests.kind,
    name: test.metadata.name,
    uid: test.metadata.uid,
  };
  const metadata = { annotations: { [keptAnnotation]: context.identity.jobUid }, ownerReferences: [owner] };
  const ref = { namespace: context.identity.namespace, name };
  try {
    await context.client.patch(persistentVolumeClaims, ref, { metadata }, { fieldManager });
  } catch (error) {
    // It failed so early that there is nothing to look at.
    if (!isNotFound(error)) throw error;
  }
}

/** Removes what earlier runs of this test had kept. */
export async function removeKept(context: RunContext, test: RestoreTest): Promise<void> {
  const { namespace } = context.identity;
  const labelSelector = `${label.restoreTest}=${labelValue(test.metadata.name)}`;
  const { items } = await context.client.list(persistentVolumeClaims, { namespace, labelSelector });
  for (const { metadata } of items.filter((claim) => claim.metadata.annotations?.[keptAnnotation])) {
    await cleanUp(context, { movers: [], claim: metadata.name });
  }
}
