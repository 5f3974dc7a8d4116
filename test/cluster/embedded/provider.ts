import { ensureBinaries } from "../binaries.ts";
import { dropUnfinishedBuilds } from "../buildah.ts";
import { noteEnvironment, removeEnvironments, writeEnvironment } from "../env.ts";
import { withImage } from "../image.ts";
import { installHoldfast } from "../install.ts";
import { endOrphanedJobs } from "../jobs.ts";
import type { Kubectl } from "../kubectl.ts";
import { locked } from "../lock.ts";
import { checkMachine, checkRoot, ensurePackages } from "../packages.ts";
import { say, step } from "../progress.ts";
import type { Provider, UpOptions } from "../provider.ts";
import { adminKubeconfig, environmentFile } from "../settings.ts";
import { hasImage, importImage } from "./containerd.ts";
import { removeEmbedded } from "./down.ts";
import { ensureEmbedded } from "./up.ts";

/** A real single-node Kubernetes as processes of this machine, for where there is no Docker engine. */
export const embedded: Provider = {
  up: async (options) => {
    await checkMachine();
    await locked(() => up(options));
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

async function up({ withHoldfast }: UpOptions): Promise<void> {
  await endOrphanedJobs();
  await ensurePackages();
  await dropUnfinishedBuilds();
  await withImage(async (image, archive) => {
    const isLoaded = await hasImage(image.reference);
    const [{ binaries, kubectl }, file] = await together(start(), isLoaded ? undefined : archive());
    if (file) await step(`loading the image ${image.reference}`, () => importImage(file));
    if (withHoldfast) {
      const installation = { binaries, kubeconfig: adminKubeconfig, kubectl, image };
      await step("installing Holdfast", () => installHoldfast(installation));
    }
    await noteEnvironment();
    await writeEnvironment({ binaries, kubeconfig: adminKubeconfig, image: image.reference });
  });
}

async function start(): Promise<{ readonly binaries: string; readonly kubectl: Kubectl }> {
  const binaries = await ensureBinaries();
  return { binaries, kubectl: await ensureEmbedded(binaries) };
}

/** Waits for both, also when one fails: what still runs must not outlive the lock. */
async function together<A, B>(one: Promise<A>, other: Promise<B> | undefined): Promise<[A, B | undefined]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}
