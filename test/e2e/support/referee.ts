import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Copy } from "../../../src/api/restorepoint.ts";
import { execute, setting, storeOf, type TargetName } from "./cluster.ts";

export const repositoryPassword = "end-to-end password";

/** What restic is told of a repository. */
export function resticEnvironment(target: TargetName, repository: string, password = repositoryPassword) {
  const { accessKey, secretKey } = storeOf(target);
  return {
    RESTIC_REPOSITORY: repository,
    RESTIC_PASSWORD: password,
    AWS_ACCESS_KEY_ID: accessKey,
    AWS_SECRET_ACCESS_KEY: secretKey,
    AWS_DEFAULT_REGION: setting("REGION"),
  };
}

/** Plain restic, from outside of the cluster: the judge of what we wrote. */
const restic = (target: TargetName, repository: string, ...words: readonly string[]): Promise<string> =>
  execute("restic", ["--no-cache", ...words], { environment: resticEnvironment(target, repository) });

/**
 * Reads every byte of a repository; rejects with restic's complaint at any fault, and unless told otherwise where something
 * in it is used by nothing, such as what a run that failed has left.
 */
export const checkRepository = (
  target: TargetName,
  repository: string,
  { unused = true }: { readonly unused?: boolean } = {},
): Promise<string> => restic(target, repository, "check", "--read-data", ...(unused ? ["--check-unused"] : []));

/** Whether restic opens a repository with a password. */
export async function opensWith(target: TargetName, repository: string, password: string): Promise<boolean> {
  const environment = resticEnvironment(target, repository, password);
  try {
    await execute("restic", ["--no-cache", "--no-lock", "cat", "config"], { environment });
    return true;
  } catch (error) {
    if (/wrong password/.test(String(error))) return false;
    throw error;
  }
}

export type ResticSnapshot = {
  readonly id: string;
  readonly time: string;
  readonly hostname: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
};

export const listSnapshots = async (target: TargetName, repository: string): Promise<readonly ResticSnapshot[]> =>
  JSON.parse(await restic(target, repository, "snapshots", "--json"));

/** Restores a copy with restic into a folder of its own, which is removed after `look`. */
export async function withRestored<T>(copy: Copy, pvc: string, look: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-e2e-"));
  try {
    const { target, repository = "", snapshot = "" } = copy;
    await restic(target as TargetName, repository, "restore", snapshot, "--target", folder);
    return await look(join(folder, pvc));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
