import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Copy } from "../../../src/api/restorepoint.ts";
import { execute, setting, storeOf, type TargetName } from "./cluster.ts";

export const repositoryPassword = "end-to-end password";

/** Plain restic, from outside of the cluster: the judge of what we wrote. */
async function restic(target: TargetName, repository: string, ...words: readonly string[]): Promise<string> {
  const { accessKey, secretKey } = storeOf(target);
  const environment = {
    RESTIC_REPOSITORY: repository,
    RESTIC_PASSWORD: repositoryPassword,
    AWS_ACCESS_KEY_ID: accessKey,
    AWS_SECRET_ACCESS_KEY: secretKey,
    AWS_DEFAULT_REGION: setting("REGION"),
  };
  return await execute("restic", ["--no-cache", ...words], { environment });
}

/**
 * Reads every byte of a repository; rejects with restic's complaint at any fault, and unless told otherwise where something
 * in it is used by nothing, such as what a run that failed has left.
 */
export const checkRepository = (
  target: TargetName,
  repository: string,
  { unused = true }: { readonly unused?: boolean } = {},
): Promise<string> => restic(target, repository, "check", "--read-data", ...(unused ? ["--check-unused"] : []));

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
