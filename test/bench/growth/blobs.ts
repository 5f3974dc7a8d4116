import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sealOverhead } from "../../../src/repository/crypto.ts";
import { writeDocument } from "../../../src/repository/documents.ts";
import { encodeIndex, type IndexedPack } from "../../../src/repository/index-format.ts";
import { packKey } from "../../../src/repository/pack-cache.ts";
import { initialiseRepository } from "../../../src/repository/repository.ts";
import type { Repository } from "../../../src/repository/types.ts";
import { filesystemStorage } from "../../../src/storage/filesystem.ts";
import { password } from "../contestants/contestant.ts";
import { keystream } from "../data/keystream.ts";
import { ownCalls } from "./own-calls.ts";
import type { Series } from "./series.ts";

const blobsInPack = 10_000;
const packsInIndex = 5;
const blobBytes = 1000;
const made = new Map<string, number>();

/** An index of that many blobs, in packs that are nothing but holes, and a backup that has to know them all. */
export const blobs: Series = {
  name: "blobs",
  unit: "blobs in the index",
  sizes: { full: [100_000, 300_000, 1_000_000, 3_000_000, 10_000_000], small: [1000, 10_000, 100_000] },
  async grow(folder, size) {
    const { source, repository: at, noChange } = ownCalls(folder);
    mkdirSync(source, { recursive: true });
    writeFileSync(join(source, "file"), "one small file");
    const repository = await initialiseRepository({ storage: filesystemStorage(at), password });
    const stream = keystream(`blobs ${size}`);
    for (let count = made.get(folder) ?? 0; count < size; ) {
      const packs: IndexedPack[] = [];
      for (; packs.length < packsInIndex && count < size; count += packs.at(-1)?.entries.length ?? 0) {
        packs.push(packOf(Math.min(blobsInPack, size - count), () => stream.take(32).toString("hex")));
      }
      await write(repository, at, packs);
    }
    made.set(folder, size);
    return [{ ...noChange, name: "backup of one file" }];
  },
};

const packOf = (count: number, newId: () => string): IndexedPack => ({
  id: newId(),
  entries: Array.from({ length: count }, (_, number) => {
    const length = blobBytes + sealOverhead;
    const offset = number * length;
    return { id: newId(), type: "data", offset, length, plainLength: blobBytes, compressed: false } as const;
  }),
});

async function write(repository: Repository, at: string, packs: readonly IndexedPack[]): Promise<void> {
  for (const { id, entries } of packs) {
    const path = join(at, packKey(id));
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(path, "w");
    ftruncateSync(file, (entries.length + 1) * (blobBytes + sealOverhead));
    closeSync(file);
  }
  await writeDocument(repository, "index", encodeIndex(packs));
}
