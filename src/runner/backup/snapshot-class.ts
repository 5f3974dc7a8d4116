import type { PersistentVolume, VolumeSnapshotClass } from "../../kube/types.ts";
import { runReason } from "../contract.ts";
import { RunFailure } from "../failure.ts";

const defaultAnnotation = "snapshot.storage.kubernetes.io/is-default-class";

/** The CSI driver of a volume; a volume without one cannot be snapshotted. */
export function driverOf(pvc: string, volume: PersistentVolume): string {
  const driver = volume.spec?.csi?.driver;
  if (driver) return driver;
  throw new RunFailure(
    runReason.snapshotUnsupported,
    `the volume of PVC ${pvc} (${volume.metadata.name}) is not of a CSI driver, so no snapshot can be taken of it; move it to a storage class of a CSI driver, or annotate it with holdfast.dev/exclude: "true"`,
  );
}

/**
 * The class to snapshot a volume by: the one the policy names, else the only or the default one of the volume's driver. A class that keeps
 * its snapshots is refused, as each run would leave one behind.
 */
export function chooseSnapshotClass(options: {
  readonly pvc: string;
  readonly driver: string;
  /** What the policy names. */
  readonly wanted: string | undefined;
  readonly classes: readonly VolumeSnapshotClass[];
}): string {
  const { pvc, driver, wanted, classes } = options;
  const found = wanted === undefined ? defaultClass(pvc, driver, classes) : namedClass(wanted, classes);
  if (found.driver !== driver) {
    throw new RunFailure(
      runReason.snapshotUnsupported,
      `the VolumeSnapshotClass ${found.metadata.name} is of driver ${found.driver}, but the volume of PVC ${pvc} is of ${driver}; name a class of that driver in spec.snapshot.volumeSnapshotClassName, or none to take its default class`,
    );
  }
  if (found.deletionPolicy === "Retain") {
    throw new RunFailure(
      runReason.snapshotUnsupported,
      `the VolumeSnapshotClass ${found.metadata.name} has deletionPolicy Retain, so every run would leave a snapshot behind in the storage; name a class with deletionPolicy Delete`,
    );
  }
  return found.metadata.name;
}

function namedClass(name: string, classes: readonly VolumeSnapshotClass[]): VolumeSnapshotClass {
  const found = classes.find(({ metadata }) => metadata.name === name);
  if (found) return found;
  throw new RunFailure(
    runReason.snapshotClassNotFound,
    `there is no VolumeSnapshotClass "${name}"; correct spec.snapshot.volumeSnapshotClassName${listed(classes)}`,
  );
}

function defaultClass(pvc: string, driver: string, classes: readonly VolumeSnapshotClass[]): VolumeSnapshotClass {
  const ofDriver = classes.filter((one) => one.driver === driver);
  if (ofDriver.length === 0) {
    throw new RunFailure(
      runReason.snapshotUnsupported,
      `no VolumeSnapshotClass is of ${driver}, the driver of PVC ${pvc}; if the driver can take snapshots, make a class for it`,
    );
  }
  const defaults = ofDriver.filter(({ metadata }) => metadata.annotations?.[defaultAnnotation] === "true");
  // One that is the only one needs no mark to be meant.
  const [found] = ofDriver.length === 1 ? ofDriver : defaults;
  if (found && (ofDriver.length === 1 || defaults.length === 1)) return found;
  const how = found ? "more than one VolumeSnapshotClass is the default" : "no VolumeSnapshotClass is the default";
  throw new RunFailure(
    runReason.snapshotClassNotFound,
    `${how} of ${driver}, the driver of PVC ${pvc}; name one in spec.snapshot.volumeSnapshotClassName${listed(ofDriver)}`,
  );
}

function listed(classes: readonly VolumeSnapshotClass[]): string {
  if (classes.length === 0) return "; the cluster has none";
  return `; the cluster has ${classes.map(({ metadata }) => metadata.name).join(", ")}`;
}
