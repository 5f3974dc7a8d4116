import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hasLocalImage, importFiles } from "./buildah.ts";
import { step } from "./progress.ts";
import { run } from "./run.ts";
import { digest, scratchFolder } from "./settings.ts";

const npmVersion = "11.21.2";
const suite = "bookworm";
const packages = ["ca-certificates", "libstdc++6", "libatomic1"]; // the last two are node's
const unwanted = ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*"];

/** Its tag stands for what it is made of. */
export const baseImage = (() => {
  const tag = `${process.version}-${digest(npmVersion, suite, ...packages, ...unwanted)}`;
  return `holdfast.local/node:${tag}`;
})();

/**
 * The image our Dockerfile builds on, made from Debian packages and the project's own node, because a registry of
 * images cannot be reached everywhere. It stands in for `node:26-bookworm-slim`.
 */
export async function ensureBaseImage(): Promise<void> {
  if (!(await hasLocalImage(baseImage))) await step("making the base image of Debian and Node", make);
}

async function make(): Promise<void> {
  await mkdir(scratchFolder, { recursive: true });
  const scratch = await mkdtemp(join(scratchFolder, "base-"));
  try {
    const root = join(scratch, "root.tar");
    const added = join(scratch, "added");
    await Promise.all([debootstrap(root), addNode(join(added, "usr/local"))]);
    await importFiles([root, added], baseImage);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function debootstrap(tar: string): Promise<void> {
  const options = unwanted.map((path) => `--dpkgopt=path-exclude=${path}`);
  const command = ["mmdebstrap", "--variant=essential", `--include=${packages.join(",")}`, ...options, suite, tar];
  await run(command, { environment: { TMPDIR: dirname(tar) } });
}

async function addNode(prefix: string): Promise<void> {
  await mkdir(join(prefix, "bin"), { recursive: true });
  await run(["npm", "install", "--global", "--prefix", prefix, "--loglevel=error", `npm@${npmVersion}`]);
  await copyFile(process.execPath, join(prefix, "bin/node"));
}
