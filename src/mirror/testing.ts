import { type BackupConfig, backupConfig } from "../contract/configs.ts";
import type { Storage } from "../storage/storage.ts";
import { runMirror } from "./run.ts";

/** For tests: mirrors of a folder. */

const { signal } = new AbortController();
const owner = ["cluster=c", "policy=shop"];

export interface Change {
  readonly tags?: readonly string[];
  readonly runTag?: string;
  readonly expect?: "Present" | "Any";
  readonly owner?: readonly string[];
}

/** Mirrors a folder to each of these stores, by the names of their targets. */
export function mirrorTo(source: string, stores: Readonly<Record<string, Storage>>, change: Change = {}) {
  const config: BackupConfig = backupConfig.parse({
    source,
    path: "/data",
    tags: change.tags ?? owner,
    runTag: change.runTag,
    mirror: { unencrypted: true, owner: change.owner ?? owner },
    targets: Object.keys(stores).map((name) => ({
      name,
      repository: { url: `file:///${name}` },
      expect: change.expect ?? "Any",
    })),
    lock: { holder: "test", waitSeconds: 0 },
  });
  if (!config.mirror) throw new Error("it is a mirror");
  const openStorage = async ({ url }: { readonly url: string }) => {
    const storage = stores[url.slice("file:///".length)];
    if (!storage) throw new Error(`there is no ${url}`);
    return storage;
  };
  return runMirror({ config, settings: config.mirror, openStorage, signal });
}
