import { isMirror } from "../mirror/open.ts";
import { RepositoryError } from "../repository/errors.ts";
import type { OpenedLocation, Stores } from "./stores.ts";

/** Where a repository is, for what a mirror does not have. Rejects with `RepositoryNotFound` where there is a mirror instead. */
export async function repositoryOnly(stores: Stores, url: string): Promise<OpenedLocation> {
  const storage = await stores.openStorage({ url });
  if (!(await isMirror(storage))) return { storage, password: stores.password({ url }) };
  throw new RepositoryError(
    "RepositoryNotFound",
    `${storage.description} is a mirror, which has neither keys, nor an index, nor a history: this is for repositories.`,
  );
}
