import { createHash } from "node:crypto";
import type { KubeClient } from "./client.ts";
import { isAlreadyExists } from "./errors.ts";
import { events } from "./resources.ts";
import type { KubeEvent, KubeObject } from "./types.ts";

export type EventRecord = {
  /** What it is about; must have a UID. */
  readonly about: KubeObject;
  readonly type: "Normal" | "Warning";
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
  /**
   * Events about one object with one reason and one key are one event. The message is the key where it is absent: the same thing
   * said again counts up.
   */
  readonly key?: string;
};

export type EventRecorder = (event: EventRecord) => Promise<void>;

const longestMessage = 1024;

/**
 * Writes Kubernetes Events. An event that was already written with this `key` is left as it is; without a key its count goes up.
 * Failing to write one is told to `onError` and never to the caller: events are news, not state.
 */
export function createEventRecorder(options: {
  readonly client: KubeClient;
  /** Who says so, such as `holdfast-controller`. */
  readonly component: string;
  readonly onError?: (error: unknown) => void;
  readonly now?: () => number;
}): EventRecorder {
  const now = options.now ?? Date.now;

  async function write(record: EventRecord): Promise<void> {
    const event = eventOf(record, options.component, new Date(now()).toISOString());
    try {
      await options.client.create(events, event);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      if (record.key === undefined) await countUp(event);
    }
  }

  async function countUp(event: KubeEvent): Promise<void> {
    const current = await options.client.find(events, event.metadata);
    const change = { count: (current?.count ?? 1) + 1, lastTimestamp: event.lastTimestamp };
    await options.client.patch(events, event.metadata, change, { fieldManager: options.component });
  }

  return async (record) => {
    try {
      await write(record);
    } catch (error) {
      options.onError?.(error);
    }
  };
}

function eventOf(record: EventRecord, component: string, at: string): KubeEvent {
  const { apiVersion, kind, metadata } = record.about;
  const message = cut(record.message, longestMessage);
  const identity = [metadata.uid, record.type, record.reason, record.key ?? message];
  const hash = createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 16);
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: {
      name: `${metadata.name.slice(0, 200).replace(/[-.]+$/, "")}.${hash}`,
      namespace: metadata.namespace ?? "default",
    },
    involvedObject: {
      apiVersion,
      kind,
      name: metadata.name,
      namespace: metadata.namespace,
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
    },
    type: record.type,
    reason: record.reason,
    message,
    source: { component },
    reportingComponent: component,
    reportingInstance: "",
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
  };
}

const cut = (text: string, max: number): string => (text.length <= max ? text : `${text.slice(0, max - 1)}…`);
