import { readFile } from "node:fs/promises";
import { attempt, run, sleep } from "./run.ts";

/** Removes every mount under the folders, the newest first. */
export async function unmountUnder(folders: readonly string[]): Promise<void> {
  for (const mountpoint of (await mountsUnder(folders)).reverse()) {
    if (!(await unmount(mountpoint))) await run(["umount", "--lazy", mountpoint]);
  }
  const left = await mountsUnder(folders);
  if (left.length > 0) throw new Error(`these mounts cannot be removed: ${left.join(", ")}`);
}

/** A mount is busy for a moment after the death of the process that used it. */
async function unmount(mountpoint: string): Promise<boolean> {
  for (let attempts = 0; attempts < 10; attempts += 1) {
    if ((await attempt(["umount", mountpoint])).code === 0) return true;
    await sleep(200);
  }
  return false;
}

/** Mount points under the folders, in the order in which they were made. */
async function mountsUnder(folders: readonly string[]): Promise<string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).trim().split("\n");
  const points = lines.map((line) => unescapePath(line.split(" ")[4] ?? ""));
  return points.filter((point) => folders.some((folder) => point === folder || point.startsWith(`${folder}/`)));
}

/** The kernel writes spaces and the like as octal numbers. */
function unescapePath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
