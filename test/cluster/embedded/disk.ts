import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { attempt, run, succeeds } from "../run.ts";
import { stateFolder, volumesFolder } from "../settings.ts";

const imageFile = join(stateFolder, "volumes.img");
/** Sparse: it takes the room that the volumes really use. */
const imageBytes = 64 * 2 ** 30;

/** Mounts the btrfs file system that holds volumes and snapshots, and makes it the first time. */
export async function ensureDisk(): Promise<void> {
  if (await succeeds(["mountpoint", "--quiet", volumesFolder])) return;
  await mkdir(volumesFolder, { recursive: true });
  if (!(await succeeds(["btrfs", "inspect-internal", "dump-super", imageFile]))) await format();
  // The loop device frees itself at the unmount.
  await run(["mount", "-o", "loop,noatime", imageFile, volumesFolder]);
}

async function format(): Promise<void> {
  const file = await open(imageFile, "w", 0o600);
  await file.truncate(imageBytes);
  await file.close();
  await run(["mkfs.btrfs", "--quiet", "--force", "--data", "single", "--metadata", "single", imageFile]);
}

/** The loop devices on files under the state folder: of the disk, and of block volumes. */
export async function loopDevices(): Promise<string[]> {
  const outcome = await attempt(["losetup", "--json", "--list", "--output", "NAME,BACK-FILE"]);
  if (outcome.code !== 0 || !outcome.stdout.trim()) return [];
  const { loopdevices } = JSON.parse(outcome.stdout) as { loopdevices: { name: string; "back-file": string | null }[] };
  return loopdevices
    .filter((device) => device["back-file"]?.startsWith(`${stateFolder}/`))
    .map((device) => device.name);
}
