import { ensureBinaries } from "../binaries.ts";
import { noteEnvironment, removeEnvironments, writeEnvironment } from "../env.ts";
import { type Image, withImage } from "../image.ts";
import { installHoldfast } from "../install.ts";
import { endOrphanedJobs } from "../jobs.ts";
import { locked } from "../lock.ts";
import { checkMachine, checkRoot, ensurePackages } from "../packages.ts";
import { say, step } from "../progress.ts";
import type { Provider } from "../provider.ts";
import { adminKubeconfig, environmentFile } from "../settings.ts";
import { hasImage, importImage } from "./containerd.ts";
import { removeEmbedded } from "./down.ts";
import { ensureEmbedded } from "./up.ts";

/** A real single-node Kubernetes as processes of this machine, for where there is no Docker engine. */
export const embedded: Provider = {
  up: async ({ withHoldfast }) => {
    await checkMachine();
    await locked(async () => {
      await endOrphanedJobs();
      await ensurePackages();
      const binaries = await ensureBinaries();
      const kubectl = await ensureEmbedded(binaries);
      const image = await withImage(ensureLoaded);
      if (withHoldfast) {
        const installation = { binaries, kubeconfig: adminKubeconfig, kubectl, image };
        await step("installing Holdfast", () => installHoldfast(installation));
      }
      await noteEnvironment();
      await writeEnvironment({ binaries, kubeconfig: adminKubeconfig, image: image.reference });
    });
    say(`the cluster is ready; to use it: . ${environmentFile}`);
  },

  down: async () => {
    checkRoot();
    await locked(async () => {
      await endOrphanedJobs();
      await removeEnvironments();
      await removeEmbedded();
    });
    say("the cluster is removed");
  },
};

async function ensureLoaded(image: Image, archive: () => Promise<string>): Promise<Image> {
  if (await hasImage(image.reference)) return image;
  const file = await archive();
  await step(`loading the image ${image.reference}`, () => importImage(file));
  return image;
}
