import { KubeError } from "./errors.ts";
import { type Resource, withKind } from "./resources.ts";
import type { KubeObject, Stored } from "./types.ts";

export type WatchEvent<T extends KubeObject> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: Stored<T> }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

type RawWatchEvent<T> = { readonly type: string; readonly object: T };

/** Reads a line of a watch. Throws an `ERROR` event as `KubeError`. */
export function watchEvent<T extends KubeObject>(resource: Resource<T>, line: string): WatchEvent<T> {
  const event = JSON.parse(line) as RawWatchEvent<T>;
  switch (event.type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type: event.type, object: withKind(resource, event.object) };
    case "BOOKMARK":
      return { type: "BOOKMARK", resourceVersion: event.object.metadata.resourceVersion ?? "" };
    default: {
      const status = event.object as { code?: number; reason?: string; message?: string };
      throw new KubeError({
        status: status.code ?? 500,
        reason: status.reason ?? "Unknown",
        message: status.message ?? `the watch on ${resource.plural} broke off`,
      });
    }
  }
}
