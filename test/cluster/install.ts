import { join } from "node:path";
import { exists } from "./files.ts";
import type { Image } from "./image.ts";
import type { Kubectl } from "./kubectl.ts";
import { run } from "./run.ts";
import { checkout, namespace, release } from "./settings.ts";

const chart = join(checkout, "charts/holdfast");
const definitions = join(checkout, "crds");

export type Installation = {
  readonly binaries: string;
  readonly kubeconfig: string;
  readonly kubectl: Kubectl;
  readonly image: Image;
};

/**
 * Applies the CRDs and installs or upgrades the chart, and waits until the operator is ready. Helm alone would never
 * change a CRD that is there.
 * @throws with the operator's own last words when it does not become ready
 */
export async function installHoldfast({ binaries, kubeconfig, kubectl, image }: Installation): Promise<void> {
  if (!(await exists(join(chart, "Chart.yaml")))) throw new Error(`there is no chart to install in ${chart}`);
  await kubectl.apply(definitions);
  const settings = { "image.repository": image.repository, "image.tag": image.tag, "image.pullPolicy": "IfNotPresent" };
  const values = Object.entries(settings).flatMap(([name, value]) => ["--set-string", `${name}=${value}`]);
  const place = ["--kubeconfig", kubeconfig, "--namespace", namespace];
  const helm = join(binaries, "helm");
  await dropUnfinishedRelease(helm, place);
  try {
    // Somebody may have run the operator by hand before: what it made of the chart's objects is taken over.
    const options = ["--install", "--create-namespace", "--take-ownership", "--wait", "--timeout", "3m"];
    const upgrade = ["upgrade", release, chart, ...options];
    await run([helm, ...upgrade, ...place, ...values]);
  } catch (error) {
    throw new Error(`Holdfast could not be installed; what there is of it:\n${await lastWords(kubectl)}`, {
      cause: error,
    });
  }
}

/** A start that was killed in the middle leaves a release that Helm takes for one still being changed. */
async function dropUnfinishedRelease(helm: string, place: readonly string[]): Promise<void> {
  const listed = await run([helm, "list", "--filter", `^${release}$`, "--output", "json", ...place]);
  const [found] = JSON.parse(listed || "[]") as { status: string }[];
  if (found?.status.startsWith("pending-"))
    await run([helm, "rollback", release, ...place]).catch(() => uninstall(helm, place));
}

async function uninstall(helm: string, place: readonly string[]): Promise<void> {
  await run([helm, "uninstall", release, "--wait", ...place]);
}

async function lastWords(kubectl: Kubectl): Promise<string> {
  const pods = await kubectl.attempt(["get", "pods", "--namespace", namespace, "--output", "wide"]);
  const events = await kubectl.attempt(["get", "events", "--namespace", namespace, "--sort-by=.lastTimestamp"]);
  const selector = `app.kubernetes.io/instance=${release}`;
  const logs = await kubectl.attempt(["logs", "--namespace", namespace, "--selector", selector, "--tail=30"]);
  const recent = events.stdout.split("\n").slice(-10).join("\n");
  return [pods.stdout, recent, logs.stdout, logs.stderr].filter(Boolean).join("\n");
}
