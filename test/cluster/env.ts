import { writeWhole } from "./files.ts";
import { environmentFile, region, snapshotClass, storageClass, storageClassWait, stores } from "./settings.ts";

export type Environment = {
  readonly binaries: string;
  readonly kubeconfig: string;
  /** Reference of the operator's image; empty while Holdfast is not installed. */
  readonly image: string;
  /** Values the user gave for a cluster of their own, before all others. */
  readonly given?: Readonly<Record<string, string | undefined>>;
};

/** The names people and tests rely on, with their values for the cluster as it is now. */
export function variables({ binaries, kubeconfig, image, given = {} }: Environment): Record<string, string> {
  const values: Record<string, string> = {
    KUBECONFIG: kubeconfig,
    REGION: region,
    STORAGE_CLASS: storageClass,
    STORAGE_CLASS_WAIT: storageClassWait,
    SNAPSHOT_CLASS: snapshotClass,
    IMAGE: image,
    CLUSTER_BINARIES: binaries,
  };
  for (const store of stores) {
    const prefix = store.name.toUpperCase();
    values[`${prefix}_ENDPOINT`] = store.endpoint;
    values[`${prefix}_BUCKET`] = store.bucket;
    values[`${prefix}_ACCESS_KEY`] = store.accessKey;
    values[`${prefix}_SECRET_KEY`] = store.secretKey;
  }
  for (const name of Object.keys(values)) values[name] = given[name] ?? values[name] ?? "";
  return values;
}

/** Writes `.cluster/env`: shell exports, to be read with `. .cluster/env`. */
export async function writeEnvironment(environment: Environment): Promise<void> {
  const lines = Object.entries(variables(environment)).map(([name, value]) => `export ${name}=${quote(value)}`);
  const path = `export PATH=${quote(environment.binaries)}:"$PATH"`;
  await writeWhole(environmentFile, `${[path, ...lines].join("\n")}\n`, 0o600);
}

function quote(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
