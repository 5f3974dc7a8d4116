import { rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readOr, writeWhole } from "./files.ts";
import {
  environmentFile,
  region,
  snapshotClass,
  stateFolder,
  storageClass,
  storageClassWait,
  stores,
} from "./settings.ts";

const notes = join(stateFolder, "environments");

export type Environment = {
  readonly binaries: string;
  readonly kubeconfig: string;
  /** Reference of the operator's image, which the cluster's nodes have. */
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

/** Notes that this checkout has a file about the machine's one cluster, which must go when the cluster goes. */
export async function noteEnvironment(): Promise<void> {
  const noted = new Set((await readOr(notes, "")).split("\n").filter(Boolean));
  await writeWhole(notes, `${[...noted.add(environmentFile)].join("\n")}\n`);
}

/** Removes that file from every checkout that has one. */
export async function removeEnvironments(): Promise<void> {
  const noted = (await readOr(notes, "")).split("\n").filter(Boolean);
  for (const file of new Set([...noted, environmentFile])) {
    await rm(file, { force: true });
    await rmdir(dirname(file)).catch(() => undefined); // not while it holds anything else
  }
}

function quote(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
