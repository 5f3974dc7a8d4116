import { embedded } from "./embedded/provider.ts";
import { exists } from "./files.ts";
import { foreign } from "./foreign.ts";
import { kind } from "./kind.ts";
import { succeeds } from "./run.ts";
import { stateFolder } from "./settings.ts";

export type UpOptions = {
  /** False: the cluster only, with the image loaded but nothing installed. */
  readonly withHoldfast: boolean;
};

/** A way to have a cluster. Both acts are safe to repeat, from whatever state they find. */
export type Provider = {
  /** Makes the cluster serve and writes `.cluster/env`. */
  readonly up: (options: UpOptions) => Promise<void>;
  /** Removes what `up` made. */
  readonly down: () => Promise<void>;
};

/**
 * A cluster that the user named explicitly, else `kind` where a Docker engine answers, else our own. A shell's own
 * KUBECONFIG is never taken: tests must not land on a cluster somebody lives on. An embedded cluster that is there is
 * kept, so that a Docker engine started meanwhile does not orphan it.
 */
export async function providerFor(): Promise<Provider> {
  const named = process.env.HOLDFAST_TEST_KUBECONFIG;
  if (named) return foreign(named);
  if (await exists(stateFolder)) return embedded;
  return (await succeeds(["docker", "info"])) ? kind : embedded;
}
