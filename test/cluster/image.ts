import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join, relative } from "node:path";
import { baseImage, ensureBaseImage } from "./base.ts";
import { buildArchive, keepOnly } from "./buildah.ts";
import { exists } from "./files.ts";
import { step } from "./progress.ts";
import { run } from "./run.ts";
import { cacheFolder, checkout, digest, imageRepository, scratchFolder } from "./settings.ts";

export type Image = { readonly repository: string; readonly tag: string; readonly reference: string };

const folder = join(cacheFolder, "images");
const ingredients = ["Dockerfile", ".dockerignore", "package.json", "package-lock.json", "LICENSE", "src"];
const isLeftOut = (path: string) => /\.(test\.ts|md)$/.test(path);

/**
 * Gives the work the image of the tree as it is now, and a way to have it as an archive that containerd and Docker
 * load: found, or built. The tag is a hash of all that goes into the image, so that old code is never tested; both
 * come from one copy of the tree, as somebody may be editing it.
 */
export async function withImage<T>(work: (image: Image, archive: () => Promise<string>) => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true });
  await mkdir(scratchFolder, { recursive: true });
  const context = await mkdtemp(join(scratchFolder, "context-"));
  try {
    for (const name of ingredients) {
      const options = { recursive: true, preserveTimestamps: true, filter: (path: string) => !isLeftOut(path) };
      await cp(join(checkout, name), join(context, name), options);
    }
    await run(["chmod", "-R", "u=rwX,go=rX", context]); // the image runs as another user, whatever this one's umask is
    const tag = await digestOf(context);
    const image = { repository: imageRepository, tag, reference: `${imageRepository}:${tag}` };
    return await work(image, () => ensureArchive(image, context));
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

async function digestOf(context: string): Promise<string> {
  const entries = await readdir(context, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(files.sort().map((file) => readFile(file, "latin1")));
  return digest(baseImage, ...files.map((file) => relative(context, file)), ...contents);
}

async function ensureArchive(image: Image, context: string): Promise<string> {
  const archive = join(folder, `${image.tag}.tar`);
  if (await exists(archive)) return archive;
  await ensureBaseImage();
  await step(`building the image ${image.reference}`, () => build(image, context, archive));
  return archive;
}

async function build(image: Image, context: string, archive: string): Promise<void> {
  await buildArchive({
    dockerfile: join(context, "Dockerfile"),
    context,
    name: image.reference,
    archive: `${archive}.new`,
    options: ["--build-arg", `BASE=${baseImage}`, ...(await secrets())],
  });
  await rename(`${archive}.new`, archive);
  await keepOnly(image.reference);
  const old = (await readdir(folder)).filter((name) => join(folder, name) !== archive);
  await Promise.all(old.map((name) => rm(join(folder, name), { force: true })));
}

/** This machine's certificates and npm settings, for the time of the build only. */
export async function secrets(): Promise<string[]> {
  const certificates =
    process.env.NODE_EXTRA_CA_CERTS ?? process.env.SSL_CERT_FILE ?? "/etc/ssl/certs/ca-certificates.crt";
  const npmrc = process.env.npm_config_userconfig ?? join(homedir(), ".npmrc");
  const options: string[] = [];
  if (await exists(certificates)) options.push("--secret", `id=certificates,src=${certificates}`);
  if (await exists(npmrc)) options.push("--secret", `id=npmrc,src=${npmrc}`);
  return options;
}
