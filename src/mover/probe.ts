import { randomBytes } from "node:crypto";
import { Command } from "commander";
import { probeConfig } from "../contract/configs.ts";
import type { ProbeResult } from "../contract/results.ts";
import { RepositoryError } from "../repository/errors.ts";
import { openRepository } from "../repository/repository.ts";
import { StorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { exitCodeOf } from "./exit.ts";
import { failureOf, invalid } from "./failure.ts";
import { addCommonOptions } from "./options.ts";
import { createOutput } from "./output.ts";
import { readPassword } from "./password.ts";
import { type CommonOptions, required, settingsFor } from "./settings.ts";
import type { OpenedLocation } from "./stores.ts";
import { runTask, type TaskContext } from "./task.ts";

export function probeCommand(): Command {
  const command = new Command("probe").description(
    "Find out whether a store can be reached, written, read and cleaned up",
  );
  return addCommonOptions(command).action((flags: CommonOptions) => runTask((context) => probe(flags, context)));
}

async function probe(flags: CommonOptions, { stores }: TaskContext): Promise<number> {
  const output = createOutput({ json: flags.json ?? false });
  let result: ProbeResult;
  let text: string;
  try {
    const config = settingsFor(probeConfig, flags, () => ({
      repository: { url: required(flags.repository, "--repository") },
    }));
    // A store without its password is of no use to a backup either, and this costs nothing.
    if (config.repository.passwordFile) assertPassword(config.repository.passwordFile, config.opens !== undefined);
    const storage = await stores.openStorage(config.repository);
    await probeStorage(storage);
    if (config.opens) await openIfThere(await stores.open(config.opens));
    result = { kind: "probe", state: "Good" };
    text = `${storage.description} can be listed, written, read and cleaned up.`;
  } catch (error) {
    const failure = failureOf(error);
    result = { kind: "probe", state: "Failed", ...failure };
    text = failure.message;
  }
  output.result(result, text);
  return exitCodeOf(result);
}

/** With a flaw a password goes on opening what there is, and a backup makes nothing anew with it. Throws `PasswordMissing` or `InvalidConfiguration`. */
function assertPassword(file: string, isInUse: boolean): void {
  const { passwordFlaw } = readPassword(file, process.env);
  if (passwordFlaw === undefined || isInUse) return;
  throw invalid(
    `${passwordFlaw} So no repository is made with it: write the file anew, in UTF-8, with the password alone and at most one newline behind it.`,
  );
}

/** Rejects with `WrongPassword` or `RepositoryDamaged`. One that is gone is for the next run to judge. */
async function openIfThere(location: OpenedLocation): Promise<void> {
  try {
    await openRepository(location);
  } catch (error) {
    if (!(error instanceof RepositoryError) || error.reason !== "RepositoryNotFound") throw error;
  }
}

/** Below the prefix, so that keys that are limited to the prefix pass. */
const canaryFolder = ".holdfast-probe/";

/** Does everything a backup and a removal do, with an object of its own that it takes away again. Rejects with a `StorageError`. */
async function probeStorage(storage: Storage): Promise<void> {
  const key = `${canaryFolder}${randomBytes(12).toString("hex")}`;
  const content = randomBytes(64);
  await findInList(storage, key);
  await storage.put(key, content);
  try {
    const isListed = await findInList(storage, key);
    const isSame = (await storage.get(key)).equals(content);
    if (isListed && isSame) return;
    const what = isSame ? "does not list what was just written" : "gives back something else than was written";
    throw new StorageError("Failed", `${storage.description} ${what}: it cannot be relied on.`);
  } finally {
    await storage.delete(key);
  }
}

async function findInList(storage: Storage, key: string): Promise<boolean> {
  for await (const object of storage.list(canaryFolder)) {
    if (object.key === key) return true;
  }
  return false;
}
