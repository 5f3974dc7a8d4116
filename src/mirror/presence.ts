import { hash } from "node:crypto";
import type { Storage } from "../storage/storage.ts";
import { layout } from "./layout.ts";

/** Which objects are in the store, and how long they are. */
export interface Presence {
  has(key: string, size: number): boolean;
}

/**
 * Of all files' objects. Kept as 48 bits of a hash each: a million files take some 40 MB, and two of them are taken for each other once in
 * hundreds of millions of runs.
 */
export async function presentObjects(storage: Storage): Promise<Presence> {
  const known = new Set<number>();
  for await (const { key, size } of listObjects(storage)) known.add(mark(key, size));
  return { has: (key, size) => known.has(mark(key, size)) };
}

export async function* listObjects(storage: Storage) {
  yield* storage.list(layout.files);
  yield* storage.list(layout.awkward);
}

export const mark = (key: string, size: number): number => hash("sha256", `${size} ${key}`, "buffer").readUIntBE(0, 6);
