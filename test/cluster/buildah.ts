import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { exists } from "./files.ts";
import { unmountUnder } from "./mounts.ts";
import { attempt, run } from "./run.ts";
import { cacheFolder, runFolder, scratchFolder } from "./settings.ts";

/** buildah with a store of its own in the cache, so that layers of earlier builds are found and nothing is mixed up. */
const buildah = [
  "buildah",
  "--root",
  join(cacheFolder, "buildah"),
  "--runroot",
  join(runFolder, "buildah"),
  "--storage-driver",
  "overlay",
];

export type Build = {
  readonly dockerfile: string;
  readonly context: string;
  readonly name: string;
  /** Where the image is written, as an archive that containerd and Docker load. */
  readonly archive: string;
  readonly options?: readonly string[];
};

/** Builds an image into an archive. The processes of the build run in a chroot: no container engine is needed. */
export async function buildArchive({ dockerfile, context, name, archive, options = [] }: Build): Promise<void> {
  await mkdir(cacheFolder, { recursive: true });
  const command = [...buildah, "build", "--isolation", "chroot", "--layers", "--network", "host"];
  await run([...command, ...options, "--file", dockerfile, "--tag", name, context]);
  await rm(archive, { force: true }); // what a killed build left: an archive cannot be written over
  await run([...buildah, "push", "--quiet", name, `docker-archive:${archive}:${name}`]);
}

/** Makes the image `name` of tar files and folders, each laid over the one before. */
export async function importFiles(sources: readonly string[], name: string): Promise<void> {
  const container = (await run([...buildah, "from", "--quiet", "scratch"])).trim();
  try {
    for (const source of sources) await run([...buildah, "add", "--quiet", container, source, "/"]);
    await run([
      ...buildah,
      "config",
      "--env",
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      container,
    ]);
    await run([...buildah, "commit", "--quiet", container, name]);
  } finally {
    await run([...buildah, "rm", container]);
  }
}

/** Removes what builds that were killed left behind; only while no other build runs. */
export async function dropUnfinishedBuilds(): Promise<void> {
  await unmountUnder([scratchFolder]); // before files are removed: what is mounted there is not ours to remove
  await rm(scratchFolder, { recursive: true, force: true });
  if (await exists(join(cacheFolder, "buildah"))) await attempt([...buildah, "rm", "--all"]);
}

/** Forgets the images of a repository but one; the layers that later builds begin with stay. */
export async function keepOnly(name: string): Promise<void> {
  const repository = name.slice(0, name.lastIndexOf(":"));
  const old = (await localImages()).filter((image) => image.startsWith(`${repository}:`) && image !== name);
  if (old.length > 0) await attempt([...buildah, "rmi", ...old]);
}

export async function hasLocalImage(name: string): Promise<boolean> {
  return (await localImages()).includes(name);
}

async function localImages(): Promise<string[]> {
  if (!(await exists(join(cacheFolder, "buildah")))) return [];
  return (await run([...buildah, "images", "--format", "{{.Name}}:{{.Tag}}"])).split("\n");
}
