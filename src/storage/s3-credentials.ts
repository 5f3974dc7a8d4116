import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { StorageError } from "./errors.ts";

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** When the SDK asks again. */
  readonly expiration?: Date;
}

/** Session tokens run out, and Kubernetes renews mounted files, so they are read again this often. */
const rereadAfterMs = 300_000;

/**
 * Reads the keys from a folder with one file each, as a mounted Secret has them. Rejects with kind
 * `CredentialsMissing`, naming the file, where one is absent or empty.
 */
export function credentialsFrom(directory: string): () => Promise<Credentials> {
  return async () => {
    const [accessKeyId, secretAccessKey, sessionToken] = await Promise.all([
      readKey(directory, "AWS_ACCESS_KEY_ID"),
      readKey(directory, "AWS_SECRET_ACCESS_KEY"),
      readOptionalKey(directory, "AWS_SESSION_TOKEN"),
    ]);
    if (!sessionToken) return { accessKeyId, secretAccessKey };
    return { accessKeyId, secretAccessKey, sessionToken, expiration: new Date(Date.now() + rereadAfterMs) };
  };
}

async function readKey(directory: string, name: string): Promise<string> {
  const value = await readOptionalKey(directory, name);
  if (value) return value;
  throw new StorageError("CredentialsMissing", `There is no ${name} in ${directory}: add that key to the Secret`);
}

async function readOptionalKey(directory: string, name: string): Promise<string | undefined> {
  try {
    return (await readFile(join(directory, name), "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new StorageError("CredentialsMissing", `Could not read ${join(directory, name)}`, { cause: error });
  }
}
