import { mkdirSync, readdirSync } from "node:fs";
import { afterAll, beforeAll } from "vitest";
import { backedUp } from "../../test/support/repository.ts";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";

/** For tests of restores: new folders, which are removed after the tests of the file that imports this. */

export let scratch: Scratch;
let count = 0;
beforeAll(() => {
  scratch = makeScratch();
});
afterAll(() => scratch?.remove());

export function newFolder(): string {
  const folder = scratch.path(`folder-${count++}`);
  mkdirSync(folder);
  return folder;
}

export const openDescriptors = (): number => readdirSync("/proc/self/fd").length;

/** A small source with known blobs, and the folder its repository is in. */
export async function smallRepository(make: (folder: string) => void) {
  const [folder, place] = [newFolder(), newFolder()];
  make(folder);
  return { folder, place, ...(await backedUp(folder, place)) };
}
