import { expect, test } from "vitest";
import { memoryStorage } from "../storage/memory.ts";
import { layout } from "./layout.ts";
import { clearFiles, clearOld, clearStaging } from "./settle.ts";

// Our lock is taken for a dead one's, and what is listed from then on is another run's.

const keys = {
  staging: `${layout.staging}0/file`,
  files: `${layout.files}file`,
  manifests: `${layout.manifests}other`,
  trees: `${layout.trees}${"ab".repeat(32)}`,
};

function storeWith(...folders: readonly (keyof typeof keys)[]) {
  const storage = memoryStorage();
  for (const folder of folders) storage.objects.set(keys[folder], Buffer.from("another run's"));
  return storage;
}

const removals = {
  "what is staged": { folders: ["staging"], remove: clearStaging },
  "files of a first run": { folders: ["files"], remove: clearFiles },
  "old manifests and folders": {
    folders: ["manifests", "trees"],
    remove: (storage, lock) => clearOld(storage, lock, { manifest: "ours", reached: new Set() }),
  },
} satisfies Record<string, { readonly folders: readonly (keyof typeof keys)[]; readonly remove: typeof clearStaging }>;

const lost = new Error("our lock was removed");

test.each(Object.entries(removals))(
  "removes %s while the lock is ours, and nothing once it is lost",
  async (_, removal) => {
    const { folders, remove } = removal;
    const { signal } = new AbortController();
    const ours = { exclusive: true, signal, confirm: async () => {} };
    const cleared = storeWith(...folders);
    await remove(cleared, ours);
    expect(cleared.objects.size).toBe(0);

    const gone = storeWith(...folders);
    await expect(remove(gone, { ...ours, confirm: () => Promise.reject(lost) })).rejects.toBe(lost);
    expect(gone.objects.size).toBe(folders.length);

    const lateGone = storeWith(...folders);
    const late = new AbortController();
    const confirm = async () => late.abort(lost);
    await expect(remove(lateGone, { ...ours, signal: late.signal, confirm })).rejects.toBe(lost);
    expect(lateGone.objects.size).toBe(folders.length);
  },
);
