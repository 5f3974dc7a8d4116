import type { IncomingMessage } from "node:http";
import type { KubeConfig } from "@kubernetes/client-node";
import { isGone, isKubeError, isNotFound } from "./errors.ts";
import type { ObjectRef, Resource } from "./resources.ts";
import { resourcePath, withKind } from "./resources.ts";
import type { Attempt, RetryOptions } from "./retry.ts";
import { defaultRetry, retry } from "./retry.ts";
import { readLines } from "./stream.ts";
import type { HttpRequest } from "./transport.ts";
import { createTransport, readFailure, readText, unreachable } from "./transport.ts";
import type { KubeObject, ObjectList, Stored } from "./types.ts";
import { type WatchEvent, watchEvent } from "./watch-event.ts";

export type ListOptions = {
  /** All namespaces where it is absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly signal?: AbortSignal;
};

export type WriteOptions = {
  readonly fieldManager: string;
  readonly subresource?: "status";
  readonly signal?: AbortSignal;
};

export type ApplyOptions = WriteOptions & {
  /** Takes fields over from other managers; true where it is absent. */
  readonly force?: boolean;
};

export type DeleteOptions = {
  /** `Background` where it is absent: the dependents go afterwards. */
  readonly propagation?: "Background" | "Foreground" | "Orphan";
  /** Only this very object, not a namesake made since: fails with a conflict otherwise. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
};

export type WatchOptions = ListOptions & {
  readonly resourceVersion: string;
  /** The server ends the watch after this time. */
  readonly timeoutSeconds: number;
};

export type LogOptions = {
  readonly namespace: string;
  readonly name: string;
  readonly container?: string;
  /** Goes on until the container ends. */
  readonly follow?: boolean;
  readonly tailLines?: number;
  readonly sinceTime?: string;
  readonly timestamps?: boolean;
  readonly previous?: boolean;
  readonly signal?: AbortSignal;
};

/**
 * The Kubernetes API as raw JSON: what is read keeps every field, also those this program does not know. Every call throws
 * `KubeError`; lost connections, 429 and 5xx are retried a few times before.
 */
export type KubeClient = {
  readonly get: <T extends KubeObject>(resource: Resource<T>, ref: ObjectRef) => Promise<Stored<T>>;
  /** Like `get`, but `undefined` where there is no such object. */
  readonly find: <T extends KubeObject>(resource: Resource<T>, ref: ObjectRef) => Promise<Stored<T> | undefined>;
  /** Everything that matches, read in pages. */
  readonly list: <T extends KubeObject>(resource: Resource<T>, options?: ListOptions) => Promise<ObjectList<T>>;
  /**
   * Fails with `AlreadyExists` where the name is taken. As a lost answer is retried, the object may then be our own from a
   * moment ago: read it and look at its owner or labels.
   */
  readonly create: <T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options?: Omit<WriteOptions, "subresource">,
  ) => Promise<Stored<T>>;
  /** Replaces the whole object; fails with a conflict where `metadata.resourceVersion` is not the current one. */
  readonly replace: <T extends KubeObject>(
    resource: Resource<T>,
    object: Stored<T>,
    options?: WriteOptions,
  ) => Promise<Stored<T>>;
  /**
   * Server-side apply: creates the object or sets just the fields given. With `metadata.uid` it never creates, and fails
   * with a conflict where the object is another one by now.
   */
  readonly apply: <T extends KubeObject>(
    resource: Resource<T>,
    object: KubeObject & { readonly spec?: unknown; readonly status?: unknown },
    options: ApplyOptions,
  ) => Promise<Stored<T>>;
  /** JSON merge patch: `null` removes a field, arrays are replaced. */
  readonly patch: <T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: object,
    options: WriteOptions,
  ) => Promise<Stored<T>>;
  /** `false` where there was no such object. */
  readonly delete: (resource: Resource, ref: ObjectRef, options?: DeleteOptions) => Promise<boolean>;
  /** One watch, until the server or `signal` ends it. An `ERROR` event is thrown as `KubeError` (`isGone`: list again). */
  readonly watch: <T extends KubeObject>(resource: Resource<T>, options: WatchOptions) => AsyncGenerator<WatchEvent<T>>;
  /** A container's log, line by line. Lines may be lost when the connection breaks; it then throws. */
  readonly podLogs: (options: LogOptions) => AsyncGenerator<string>;
};

const pageSize = 500;
const requestTimeoutMs = 30_000;
const graceSeconds = 30;

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== false && value !== "");
  if (given.length === 0) return path;
  return `${path}?${new URLSearchParams(given.map(([key, value]) => [key, String(value)]))}`;
}

export function createKubeClient(config: KubeConfig, retryOptions: RetryOptions = defaultRetry): KubeClient {
  const transport = createTransport(config);

  async function open(request: HttpRequest): Promise<Attempt<IncomingMessage>> {
    try {
      const answer = await transport(request);
      const status = answer.statusCode ?? 0;
      return status >= 200 && status < 300 ? { value: answer } : await readFailure(answer);
    } catch (error) {
      if (isKubeError(error)) return { error };
      throw error;
    }
  }

  async function once(request: HttpRequest): Promise<Attempt<string>> {
    const timeout = AbortSignal.timeout(requestTimeoutMs);
    const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
    const opened = await open({ ...request, signal });
    if (!("value" in opened)) return opened;
    try {
      return { value: await readText(opened.value) };
    } catch (error) {
      if (isKubeError(error)) return { error };
      throw error;
    }
  }

  async function call<T>(request: HttpRequest): Promise<T> {
    const text = await retry(() => once(request), retryOptions, request.signal);
    return JSON.parse(text) as T;
  }

  const get: KubeClient["get"] = (resource, ref) => call({ method: "GET", path: resourcePath(resource, ref) });

  const find: KubeClient["find"] = async (resource, ref) => {
    try {
      return await get(resource, ref);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };

  async function readPages<T extends KubeObject>(resource: Resource<T>, options: ListOptions): Promise<ObjectList<T>> {
    const { namespace, signal, labelSelector, fieldSelector } = options;
    const items: Stored<T>[] = [];
    let next: string | undefined;
    for (;;) {
      const path = withQuery(resourcePath(resource, { namespace }), {
        labelSelector,
        fieldSelector,
        limit: pageSize,
        continue: next,
      });
      const page = await call<Page<T>>({ method: "GET", path, signal });
      for (const item of page.items) items.push(withKind(resource, item));
      next = page.metadata.continue;
      if (!next) return { resourceVersion: page.metadata.resourceVersion ?? "", items };
    }
  }

  const list: KubeClient["list"] = async (resource, options = {}) => {
    try {
      return await readPages(resource, options);
    } catch (error) {
      // The pages took longer than the server keeps old versions: start over, once.
      if (isGone(error)) return await readPages(resource, options);
      throw error;
    }
  };

  const create: KubeClient["create"] = (resource, object, options) => {
    const path = resourcePath(resource, { namespace: object.metadata.namespace });
    return call({
      method: "POST",
      path: withQuery(path, { fieldManager: options?.fieldManager }),
      body: JSON.stringify(object),
      signal: options?.signal,
    });
  };

  const replace: KubeClient["replace"] = (resource, object, options) => {
    const path = resourcePath(resource, { ...refOf(object), subresource: options?.subresource });
    return call({
      method: "PUT",
      path: withQuery(path, { fieldManager: options?.fieldManager }),
      body: JSON.stringify(object),
      signal: options?.signal,
    });
  };

  const apply: KubeClient["apply"] = (resource, object, options) => {
    const path = resourcePath(resource, { ...refOf(object), subresource: options.subresource });
    return call({
      method: "PATCH",
      path: withQuery(path, { fieldManager: options.fieldManager, force: options.force ?? true }),
      contentType: "application/apply-patch+yaml",
      body: JSON.stringify(object),
      signal: options.signal,
    });
  };

  const patch: KubeClient["patch"] = (resource, ref, change, options) => {
    const path = resourcePath(resource, { ...ref, subresource: options.subresource });
    return call({
      method: "PATCH",
      path: withQuery(path, { fieldManager: options.fieldManager }),
      contentType: "application/merge-patch+json",
      body: JSON.stringify(change),
      signal: options.signal,
    });
  };

  const remove: KubeClient["delete"] = async (resource, ref, options = {}) => {
    const { uid, resourceVersion } = options;
    const body = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      propagationPolicy: options.propagation ?? "Background",
      gracePeriodSeconds: options.gracePeriodSeconds,
      preconditions: uid || resourceVersion ? { uid, resourceVersion } : undefined,
    };
    try {
      await call({ method: "DELETE", path: resourcePath(resource, ref), body: JSON.stringify(body) });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  };

  async function* watch<T extends KubeObject>(
    resource: Resource<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>> {
    const path = withQuery(resourcePath(resource, { namespace: options.namespace }), {
      watch: true,
      allowWatchBookmarks: true,
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
      resourceVersion: options.resourceVersion,
      timeoutSeconds: options.timeoutSeconds,
    });
    // A connection that died without a word must not look like a quiet cluster for ever.
    const deadline = AbortSignal.timeout((options.timeoutSeconds + graceSeconds) * 1000);
    const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
    for await (const line of lines({ method: "GET", path, signal })) yield watchEvent(resource, line);
  }

  async function* lines(request: HttpRequest): AsyncGenerator<string> {
    const answer = await retry(() => open(request), retryOptions, request.signal);
    try {
      yield* readLines(answer);
    } catch (cause) {
      throw unreachable(cause);
    } finally {
      answer.destroy();
    }
  }

  const podLogs: KubeClient["podLogs"] = ({ namespace, name, signal, ...query }) =>
    lines({
      method: "GET",
      path: withQuery(
        `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/log`,
        query,
      ),
      signal,
    });

  return { get, find, list, create, replace, apply, patch, delete: remove, watch, podLogs };
}

type Page<T> = {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly T[];
};

const refOf = (object: KubeObject): ObjectRef => ({ namespace: object.metadata.namespace, name: object.metadata.name });
