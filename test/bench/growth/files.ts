import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { keystream } from "../data/keystream.ts";
import { ownCalls } from "./own-calls.ts";
import type { Series } from "./series.ts";

const filesInFolder = 100;
const fileBytes = 200;

export const files: Series = {
  name: "files",
  unit: "files of 200 bytes, 100 in a folder",
  sizes: { full: [10_000, 30_000, 100_000, 300_000, 1_000_000], small: [100, 300, 1000] },
  async grow(folder, size) {
    const { source, firstBackup, noChange, restore } = ownCalls(folder);
    const stream = keystream(`files ${size}`);
    for (let number = 0; number < size; number++) {
      const inside = join(
        source,
        `${size}-${Math.floor(number / filesInFolder / 100)}`,
        `${Math.floor(number / filesInFolder)}`,
      );
      if (number % filesInFolder === 0) mkdirSync(inside, { recursive: true });
      writeFileSync(join(inside, `${number}`), stream.take(fileBytes));
    }
    return [firstBackup, noChange, restore];
  },
};
