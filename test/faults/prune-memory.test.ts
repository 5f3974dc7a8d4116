import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { holdfast } from "../support/holdfast.ts";
import { resticFor } from "../support/restic.ts";

/**
 * Pruning keeps the index in memory, and not the data: of two repositories, one with four times the blobs, both take about the same, although every
 * pack is rewritten. Even the one fills the packs that are in memory at a time, with a thread or two.
 */

const password = "memory";
const fewBlobs = 1000;
const manyBlobs = 4 * fewBlobs;
/** Bytes of a blob: less than the chunker would cut. */
const blobBytes = 250 * 1024;
const mebibyte = 1024 * 1024;
/** What one may take more: a sixth of what it has more to rewrite. Runs of one were up to 25 MiB apart. */
const bound = ((manyBlobs - fewBlobs) / 2) * blobBytes * (1 / 6);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(hasRoom("/dev/shm") ? "/dev/shm" : tmpdir(), "holdfast-prune-memory-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hasRoom = (place: string): boolean => {
  if (!existsSync(place)) return false;
  const { bavail, bsize } = statfsSync(place);
  return bavail * bsize > 4096 * mebibyte;
};

/** Bytes of the process at its most, while it rewrites packs of which every second blob is to go. */
async function memoryToPrune(blobs: number): Promise<{ readonly memory: number; readonly freed: number }> {
  const [source, repository, told] = [join(folder, "source"), join(folder, "repository"), join(folder, "memory")];
  const run = async (words: readonly string[], environment: Readonly<Record<string, string>> = {}) => {
    const all = ["mover", ...words, "--repository", `file://${repository}`, "--json"];
    const ran = await holdfast(all, { password, environment });
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    return ran;
  };
  mkdirSync(source);
  const names = Array.from({ length: blobs }, (_, number) => join(source, String(number)));
  for (const name of names) writeFileSync(name, randomBytes(blobBytes));
  await run(["backup", "--source", source]);
  for (const [number, name] of names.entries()) if (number % 2 === 0) rmSync(name);
  await run(["backup", "--source", source]);
  rmSync(source, { recursive: true });
  const hook = new URL("./memory-hook.ts", import.meta.url).href;
  const pruned = await run(["forget", "--keep-last", "1", "--prune", "--max-unused", "0"], {
    NODE_OPTIONS: `--import=${hook}`,
    HOLDFAST_TEST_MEMORY: told,
  });
  await resticFor(repository, password).run("check");
  rmSync(repository, { recursive: true });
  const [target] = pruned.result<{ targets: { bytesFreed: number }[] }>().targets;
  return { memory: Number(readFileSync(told, "utf8")), freed: target?.bytesFreed ?? 0 };
}

test("pruning four times the data takes no more memory", async () => {
  const less = await memoryToPrune(fewBlobs);
  const more = await memoryToPrune(manyBlobs);
  const said = [less, more].map(({ memory, freed }) => `${Math.round(memory / mebibyte)} MiB to free ${freed} bytes`);
  expect(more.freed).toBeGreaterThan((manyBlobs / 2) * blobBytes * 0.95);
  expect(more.memory - less.memory, said.join("; ")).toBeLessThan(bound);
});
