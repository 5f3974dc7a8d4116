import { dirname } from "node:path";
import { ensureBinary } from "./binaries.ts";
import { removeEnvironments, variables, writeEnvironment } from "./env.ts";
import { installHoldfast } from "./install.ts";
import { kubectlFor } from "./kubectl.ts";
import { locked } from "./lock.ts";
import { say, step } from "./progress.ts";
import type { Provider } from "./provider.ts";
import { environmentFile } from "./settings.ts";

/**
 * A cluster of the user's, named by HOLDFAST_TEST_KUBECONFIG. Its classes, stores and the operator's image, which its
 * nodes must be able to pull, are given by the variables that `.cluster/env` would otherwise set.
 */
export function foreign(kubeconfig: string): Provider {
  return {
    up: async ({ withHoldfast }) => {
      const given = { ...process.env, KUBECONFIG: kubeconfig, CLUSTER_BINARIES: undefined };
      const missing = Object.keys(variables({ binaries: "", kubeconfig, image: "" })).filter(
        (name) => name !== "CLUSTER_BINARIES" && !given[name as keyof typeof given],
      );
      if (missing.length > 0) throw new Error(`to use ${kubeconfig}, set ${missing.join(", ")}`);
      await locked(async () => {
        const binaries = dirname(await ensureBinary("kubectl"));
        await ensureBinary("helm");
        const reference = process.env.IMAGE ?? "";
        const colon = reference.lastIndexOf(":");
        const image = { reference, repository: reference.slice(0, colon), tag: reference.slice(colon + 1) };
        const installation = { binaries, kubeconfig, kubectl: kubectlFor(binaries, kubeconfig), image };
        if (withHoldfast) await step("installing Holdfast", () => installHoldfast(installation));
        await writeEnvironment({ binaries, kubeconfig, image: reference, given });
      });
      say(`Holdfast is installed in the cluster of ${kubeconfig}; to use it: . ${environmentFile}`);
    },
    down: async () => {
      await removeEnvironments();
      say(`the cluster of ${kubeconfig} is yours: uninstall the Helm release yourself when you are done with it`);
    },
  };
}
