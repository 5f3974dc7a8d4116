import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { keystream } from "../data/keystream.ts";
import { ownCalls } from "./own-calls.ts";
import type { Series } from "./series.ts";

const mebibyte = 1024 * 1024;
const pageBytes = 4096;
const uniqueBytes = 128;

/** Each page differs from all others and yet compresses well, so that the repository needs little room beside the source. */
export const bytes: Series = {
  name: "bytes",
  unit: "MiB in one file",
  sizes: { full: [1024, 2048, 4096, 8192, 16_384, 32_768], small: [4, 8, 16] },
  async grow(folder, size) {
    const { source, firstBackup, check } = ownCalls(folder);
    mkdirSync(source, { recursive: true });
    const stream = keystream("bytes");
    const part = Buffer.alloc(mebibyte, "the same words again and again, ");
    const file = openSync(join(source, "file"), "w");
    for (let written = 0; written < size; written++) {
      for (let page = 0; page < mebibyte; page += pageBytes) stream.take(uniqueBytes).copy(part, page);
      writeSync(file, part);
    }
    closeSync(file);
    return [firstBackup, check];
  },
};
