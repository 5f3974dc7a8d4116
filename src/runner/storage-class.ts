import type { StorageClass } from "../kube/types.ts";
import { runReason } from "./contract.ts";
import { RunFailure } from "./failure.ts";

/**
 * The storage class for a temporary volume: the one named, or where that keeps deleted volumes (`reclaimPolicy: Retain`), one that is the
 * same but for that. Throws where there is none, as every run would leave a volume behind.
 */
export function chooseTemporaryClass(options: {
  /** The PVC that it is for. */
  readonly pvc: string;
  readonly name: string | undefined;
  readonly classes: readonly StorageClass[];
}): string {
  const { pvc, name, classes } = options;
  const wanted = classes.find(({ metadata }) => metadata.name === name);
  if (!wanted) {
    const what = name ? `the storage class "${name}" does not exist` : "it has no storage class";
    throw unsuitable(`PVC ${pvc}: ${what}, so no temporary volume can be made for it`);
  }
  if (wanted.reclaimPolicy !== "Retain") return wanted.metadata.name;
  const alike = classes.find((one) => one.reclaimPolicy !== "Retain" && makesTheSame(one, wanted));
  if (alike) return alike.metadata.name;
  throw unsuitable(
    `PVC ${pvc}: the storage class ${wanted.metadata.name} has reclaimPolicy Retain, so every run would leave a volume behind; make a storage class of the same provisioner and parameters with reclaimPolicy Delete, and it is used by itself`,
  );
}

const unsuitable = (message: string): RunFailure => new RunFailure(runReason.storageClassUnsuitable, message);

function makesTheSame(one: StorageClass, other: StorageClass): boolean {
  const parameters = (from: StorageClass): string => JSON.stringify(Object.entries(from.parameters ?? {}).sort());
  return one.provisioner === other.provisioner && parameters(one) === parameters(other);
}
