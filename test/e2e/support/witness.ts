import { setTimeout as sleep } from "node:timers/promises";
import { label } from "../../../src/api/names.ts";
import { configMaps, events, jobs, pods, type Resource } from "../../../src/kube/resources.ts";
import type { Pod, Stored } from "../../../src/kube/types.ts";
import { client } from "./cluster.ts";

/** Somebody who may read everything in a namespace but its Secrets, and keeps all of it, also of what is removed meanwhile. */
export interface Witness {
  /** Ends the watching; all that was there to be read. */
  readonly testify: () => Promise<string>;
  readonly stop: () => void;
}

export function watchNamespace(namespace: string): Witness {
  const seen = new Set<string>();
  const logs = new Map<string, Promise<void>>();
  const over = new AbortController();

  const readLog = async ({ metadata }: Stored<Pod>, container: string): Promise<void> => {
    try {
      for await (const line of client.podLogs({ namespace, name: metadata.name, container, follow: true })) {
        seen.add(line);
      }
    } catch {
      // It has not started yet, or went away: the next look tries again, if it is there.
      logs.delete(`${metadata.uid} ${container}`);
    }
  };
  const look = async (): Promise<void> => {
    for (const resource of [jobs, configMaps, events] as readonly Resource[]) {
      for (const item of (await client.list(resource, { namespace })).items) seen.add(JSON.stringify(item));
    }
    for (const pod of (await client.list(pods, { namespace })).items) {
      seen.add(JSON.stringify(pod));
      if (pod.metadata.labels?.[label.component]) follow(pod);
    }
  };
  const follow = (pod: Stored<Pod>): void => {
    for (const { name, state } of pod.status?.containerStatuses ?? []) {
      const key = `${pod.metadata.uid} ${name}`;
      if (!state?.waiting && !logs.has(key)) logs.set(key, readLog(pod, name));
    }
  };
  const watching = (async () => {
    while (!over.signal.aborted) {
      await look();
      await sleep(300);
    }
  })();

  return {
    stop: () => over.abort(),
    async testify() {
      over.abort();
      await watching;
      await Promise.all(logs.values());
      return [...seen].join("\n");
    },
  };
}

/** How a text may come to be written: as it is, in JSON, in a URL, and in base64, in the middle of something, too. */
export function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const inBase64 = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    // Characters that neighbours have a part in are not its own.
    return text.slice(before === 0 ? 0 : before + 1, Math.floor(((before + bytes.length) * 8) / 6));
  });
  const inUrl = [encodeURIComponent(secret), new URLSearchParams({ a: secret }).toString().slice(2)];
  const isUrlSafe = (text: string) => text.replaceAll("+", "-").replaceAll("/", "_");
  const all = [secret, JSON.stringify(secret).slice(1, -1), ...inUrl, ...inBase64, ...inBase64.map(isUrlSafe)];
  return [...new Set(all)];
}
