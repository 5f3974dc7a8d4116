import { setTimeout as sleep } from "node:timers/promises";
import type { KubeClient } from "./client.ts";
import { isGone, isNotFound } from "./errors.ts";
import type { ObjectRef, Resource } from "./resources.ts";
import type { KubeObject, Stored } from "./types.ts";

export type Change<T extends KubeObject> = {
  readonly type: "added" | "modified" | "deleted";
  readonly object: Stored<T>;
  /** What the cache had before, for `modified`. */
  readonly previous?: Stored<T>;
};

export type InformerOptions<T extends KubeObject> = {
  readonly client: KubeClient;
  readonly resource: Resource<T>;
  /** Only these; all namespaces where it is absent. */
  readonly namespaces?: readonly string[];
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** The whole list is read anew this often, in case a watch lost something. */
  readonly relistSeconds?: number;
  /** The kind may not be installed: it then counts as having no objects, and is looked for again each minute. */
  readonly optional?: boolean;
  readonly onError?: (error: unknown) => void;
  /** Milliseconds; only differences matter. */
  readonly now?: () => number;
};

/** A cache of all objects of one kind, kept fresh by list and watch. `metadata.managedFields` is left out of it. */
export type Informer<T extends KubeObject> = {
  readonly kind: string;
  /** Whether the kind may not be installed. */
  readonly optional: boolean;
  readonly start: () => void;
  /** Ends the watches; the cache stays as it was. */
  readonly stop: () => void;
  /** Whether everything was listed at least once. */
  readonly hasSynced: () => boolean;
  readonly whenSynced: () => Promise<void>;
  /**
   * Seconds since the API server last told of this kind, by a list, a change or a bookmark; since `start` where it never did, and `undefined`
   * before. A quiet watch is alive, too: the list that is read every ten minutes keeps this small.
   */
  readonly silentSeconds: () => number | undefined;
  /** In one namespace, or everywhere. */
  readonly list: (namespace?: string) => readonly Stored<T>[];
  readonly get: (ref: ObjectRef) => Stored<T> | undefined;
  /** Called after the cache has changed. Every object is told once as `added` to those who subscribe before `start`. */
  readonly onChange: (callback: (change: Change<T>) => void) => void;
};

const watchSeconds = 300;
const longestPauseMs = 30_000;

export function createInformer<T extends KubeObject>(options: InformerOptions<T>): Informer<T> {
  const cache = createCache<T>();
  const scopes: readonly (string | undefined)[] = options.namespaces ?? [undefined];
  const unsynced = new Set(scopes);
  const synced = Promise.withResolvers<void>();
  const ended = new AbortController();
  // A clock that is set must neither make a cache look frozen, nor keep its list from being read anew.
  const now = options.now ?? (() => performance.now());
  const heardAt = new Map<string | undefined, number>();
  const hear = (scope: string | undefined) => heardAt.set(scope, now());

  const markSynced = (scope: string | undefined) => {
    if (unsynced.delete(scope) && unsynced.size === 0) synced.resolve();
  };

  async function keepFresh(scope: string | undefined): Promise<void> {
    for (let failures = 0; !ended.signal.aborted; ) {
      let listedAt = Number.POSITIVE_INFINITY;
      try {
        const resourceVersion = await relist(scope);
        listedAt = now();
        await watchFrom(scope, resourceVersion);
        failures = 0;
      } catch (error) {
        if (ended.signal.aborted) return;
        const absent = options.optional === true && isNotFound(error);
        if (absent) {
          cache.replace(scope, []);
          markSynced(scope);
          hear(scope);
        } else if (!isGone(error)) options.onError?.(error);
        // A list alone is no success: where only watching is refused, all objects would be listed again and again.
        if (now() - listedAt > longestPauseMs) failures = 0;
        await pause(absent ? 60_000 : Math.min(longestPauseMs, 250 * 2 ** failures++));
      }
    }
  }

  const selection = (scope: string | undefined) => ({
    namespace: scope,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    signal: ended.signal,
  });

  async function relist(scope: string | undefined): Promise<string> {
    const listed = await options.client.list(options.resource, selection(scope));
    cache.replace(scope, listed.items);
    markSynced(scope);
    hear(scope);
    return listed.resourceVersion;
  }

  /** Watches, connection after connection, until it is time to list again. Throws what breaks it. */
  async function watchFrom(scope: string | undefined, listedVersion: string): Promise<void> {
    const until = now() + (options.relistSeconds ?? 600) * 1000;
    let resourceVersion = listedVersion;
    while (!ended.signal.aborted && now() < until) {
      const timeoutSeconds = Math.ceil(Math.min(watchSeconds, (until - now()) / 1000 + 1));
      const started = now();
      const events = options.client.watch(options.resource, { ...selection(scope), resourceVersion, timeoutSeconds });
      for await (const event of events) {
        hear(scope);
        if (event.type === "BOOKMARK") resourceVersion = event.resourceVersion;
        else {
          resourceVersion = event.object.metadata.resourceVersion;
          if (event.type === "DELETED") cache.remove(event.object);
          else cache.put(event.object);
        }
      }
      // A server that ends watches at once must not be asked in a tight loop.
      if (now() - started < 1000) await pause(1000);
    }
  }

  const pause = (milliseconds: number) =>
    sleep(milliseconds * (1 + Math.random() / 4), undefined, { signal: ended.signal }).catch(() => undefined);

  return {
    kind: options.resource.kind,
    optional: options.optional === true,
    start: () => {
      for (const scope of scopes) {
        hear(scope);
        void keepFresh(scope);
      }
    },
    stop: () => ended.abort(),
    hasSynced: () => unsynced.size === 0,
    whenSynced: () => synced.promise,
    silentSeconds: () => (heardAt.size === 0 ? undefined : (now() - Math.min(...heardAt.values())) / 1000),
    list: cache.list,
    get: cache.get,
    onChange: cache.onChange,
  };
}

type Cache<T extends KubeObject> = Pick<Informer<T>, "list" | "get" | "onChange"> & {
  readonly put: (object: Stored<T>) => void;
  readonly remove: (object: Stored<T>) => void;
  /** Makes `items` all there is in the scope, telling the differences. */
  readonly replace: (scope: string | undefined, items: readonly Stored<T>[]) => void;
};

/** Objects by namespace and name, with the changes told to subscribers. */
export function createCache<T extends KubeObject>(): Cache<T> {
  const byNamespace = new Map<string, Map<string, Stored<T>>>();
  const callbacks: ((change: Change<T>) => void)[] = [];
  const tell = (change: Change<T>) => {
    for (const callback of callbacks) callback(change);
  };

  const put = (object: Stored<T>) => {
    const trimmed = withoutManagedFields(object);
    const { namespace = "", name } = object.metadata;
    const names = byNamespace.get(namespace) ?? new Map<string, Stored<T>>();
    byNamespace.set(namespace, names);
    const previous = names.get(name);
    names.set(name, trimmed);
    if (previous === undefined) return tell({ type: "added", object: trimmed });
    if (previous.metadata.uid !== object.metadata.uid) {
      tell({ type: "deleted", object: previous });
      return tell({ type: "added", object: trimmed });
    }
    if (previous.metadata.resourceVersion === object.metadata.resourceVersion) return;
    tell({ type: "modified", object: trimmed, previous });
  };

  const remove = (object: Stored<T>) => {
    const { namespace = "", name } = object.metadata;
    const names = byNamespace.get(namespace);
    if (!names?.delete(name)) return;
    if (names.size === 0) byNamespace.delete(namespace);
    tell({ type: "deleted", object: withoutManagedFields(object) });
  };

  const list = (namespace?: string): readonly Stored<T>[] => {
    if (namespace !== undefined) return [...(byNamespace.get(namespace)?.values() ?? [])];
    return [...byNamespace.values()].flatMap((names) => [...names.values()]);
  };

  return {
    put,
    remove,
    list,
    replace: (scope, items) => {
      const kept = new Set(items.map((item) => `${item.metadata.namespace ?? ""}/${item.metadata.name}`));
      for (const old of list(scope)) {
        if (!kept.has(`${old.metadata.namespace ?? ""}/${old.metadata.name}`)) remove(old);
      }
      for (const item of items) put(item);
    },
    get: (ref) => byNamespace.get(ref.namespace ?? "")?.get(ref.name),
    onChange: (callback) => callbacks.push(callback),
  };
}

function withoutManagedFields<T extends KubeObject>(object: Stored<T>): Stored<T> {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
