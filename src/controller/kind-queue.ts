import type { Informer } from "../kube/informer.ts";
import type { KubeObject, Stored } from "../kube/types.ts";
import { looksAfter } from "./caches.ts";
import type { Context } from "./context.ts";
import { isRace } from "./failures.ts";
import { createQueue, type Outcome, type Queue } from "./queue.ts";

export type Reconcile<T extends KubeObject> = (context: Context, object: Stored<T>) => Promise<Outcome>;

/** A queue of the objects of one kind, by namespace and name. */
export type KindQueue<T extends KubeObject> = {
  readonly add: (object: Stored<T>) => void;
  /** Those of one namespace, or everywhere, for which `condition` holds. */
  readonly addAll: (namespace?: string, condition?: (object: Stored<T>) => boolean) => void;
  readonly stop: Queue["stop"];
};

export function createKindQueue<T extends KubeObject>(options: {
  readonly kind: string;
  readonly context: Context;
  readonly informer: Informer<T>;
  readonly reconcile: Reconcile<T>;
  readonly width?: number;
}): KindQueue<T> {
  const { kind, context, informer, reconcile, width = 8 } = options;

  async function work(key: string): Promise<Outcome> {
    const [namespace, name = ""] = key.split("/");
    const object = informer.get({ namespace, name });
    // What is being deleted is left to Kubernetes, which removes what it owns.
    if (!object || object.metadata.deletionTimestamp !== undefined) return {};
    return looksAfter(context.caches, namespace) ? await reconcile(context, object) : {};
  }

  const queue = createQueue({
    work,
    width,
    onError: (key, error) => {
      if (isRace(error)) context.log.debug({ kind, object: key, err: error }, "changed meanwhile, reconciling anew");
      else context.log.warn({ kind, object: key, err: error }, "could not reconcile, trying again");
    },
  });

  const add = ({ metadata }: Stored<T>) => queue.add(`${metadata.namespace}/${metadata.name}`);
  return {
    add,
    addAll: (namespace, condition = () => true) => {
      for (const object of informer.list(namespace)) if (condition(object)) add(object);
    },
    stop: queue.stop,
  };
}
