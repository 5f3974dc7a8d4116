import { copyFile, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { buildArchive } from "../buildah.ts";
import { exists, writeWhole } from "../files.ts";
import { scratchFolder } from "../settings.ts";
import { hasImage, importImage, pauseImage } from "./containerd.ts";

/** The first container of every pod, made of our own static program, as no public image can be had everywhere. */
export async function ensurePauseImage(binaries: string): Promise<void> {
  if (await hasImage(pauseImage)) return;
  const archive = join(binaries, "pause.tar");
  if (!(await exists(archive))) await buildPause(binaries, archive);
  await importImage(archive);
}

async function buildPause(binaries: string, archive: string): Promise<void> {
  await mkdir(scratchFolder, { recursive: true });
  const context = await mkdtemp(join(scratchFolder, "pause-"));
  try {
    await copyFile(join(binaries, "pause"), join(context, "pause"));
    const dockerfile = join(context, "Dockerfile");
    await writeWhole(dockerfile, 'FROM scratch\nCOPY pause /pause\nUSER 65532:65532\nENTRYPOINT ["/pause"]\n');
    await buildArchive({ dockerfile, context, name: pauseImage, archive: `${archive}.new` });
    await rename(`${archive}.new`, archive);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}
