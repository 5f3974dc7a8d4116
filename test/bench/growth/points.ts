import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runBackup } from "../../../src/backup/run.ts";
import { filesystemStorage } from "../../../src/storage/filesystem.ts";
import { password } from "../contestants/contestant.ts";
import { keystream } from "../data/keystream.ts";
import { ownCalls } from "./own-calls.ts";
import type { Series } from "./series.ts";

const fileCount = 200;
/** Points there are by now, by folder; each measured no-change run adds one, too. */
const made = new Map<string, number>();

/** A small volume that changes a little before each point. */
export const points: Series = {
  name: "points",
  unit: "points in one chain",
  sizes: { full: [1, 3, 10, 30, 100, 300, 1000], small: [1, 3, 10] },
  async grow(folder, size) {
    const { source, repository, noChange, restore } = ownCalls(folder);
    mkdirSync(source, { recursive: true });
    const first = made.get(folder) ?? 0;
    for (let point = first; point < size; point++) {
      const stream = keystream(`point ${point}`);
      for (let number = point === 0 ? 0 : fileCount - 1; number < fileCount; number++) {
        writeFileSync(join(source, `${point === 0 ? number : point % fileCount}`), stream.take(10_000));
      }
      await backUp(source, repository);
    }
    made.set(folder, size);
    return [noChange, restore];
  },
};

async function backUp(source: string, folder: string): Promise<void> {
  const { state, message } = await runBackup({
    config: {
      source,
      type: "Incremental",
      tags: [],
      excludes: [],
      targets: [{ name: "growth", repository: { url: `file://${folder}` }, expect: "Any" }],
      lock: { holder: "growth", deadHolders: [], waitSeconds: 0 },
    },
    open: () => ({ storage: filesystemStorage(folder), password }),
  });
  if (state !== "Good") throw new Error(`A point could not be made: ${message}`);
}
