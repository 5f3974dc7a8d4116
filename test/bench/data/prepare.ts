import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { step } from "../../cluster/progress.ts";
import { run } from "../../cluster/run.ts";
import { cacheFolder } from "../../cluster/settings.ts";
import { bin } from "./bin.ts";
import type { DataSet, Scale } from "./data-set.ts";
import { db } from "./db.ts";
import { image } from "./image.ts";
import { rnd } from "./rnd.ts";
import { src } from "./src.ts";

export const dataSets: readonly DataSet[] = [bin, src, rnd, db, image];

/** To be raised when the making of a data set changes: what is in the cache then is not used any more. */
const recipe = 1;

/** The data set as it was when first made on this machine: from then on it stays the same, whatever changes around it. */
export async function prepareData(data: DataSet, scale: Scale, scratch: string): Promise<string> {
  const cached = join(cacheFolder, "bench", `${data.name}-${scale}-${recipe}`);
  if (existsSync(cached)) return cached;
  const making = join(scratch, "making");
  mkdirSync(making);
  await step(`making the data set ${data.name} (once per machine)`, async () => {
    await data.make({ folder: making, scratch, scale });
    rmSync(`${cached}.new`, { recursive: true, force: true });
    mkdirSync(`${cached}.new`, { recursive: true });
    await copyExactly(making, `${cached}.new`);
  });
  rmSync(making, { recursive: true });
  renameSync(`${cached}.new`, cached);
  return cached;
}

/** What `from` holds, into `to`, with times, owners and holes. */
export async function copyExactly(from: string, to: string): Promise<void> {
  mkdirSync(to, { recursive: true });
  await run(["cp", "-a", "--sparse=always", `${from}/.`, to]);
}
