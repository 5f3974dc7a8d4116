import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import { memoryStorage } from "../storage/memory.ts";
import type { Storage } from "../storage/storage.ts";
import { mirrorTo } from "./testing.ts";

/** Called when a part of a file was read. */
let onRead = (): void => {};
vi.mock("../backup/read-file.ts", async (importOriginal) => {
  const original = await importOriginal<typeof import("../backup/read-file.ts")>();
  const readPart: typeof original.readPart = async (...part) => {
    const bytes = await original.readPart(...part);
    onRead();
    return bytes;
  };
  return { ...original, readPart };
});

let scratch: Scratch;
let source: string;

beforeAll(() => {
  scratch = makeScratch();
  source = scratch.path("source");
  mkdirSync(source);
});
afterAll(() => scratch?.remove());

test("of a file that changes while it is read only what is whole is stored", async () => {
  const path = join(source, "file");
  writeFileSync(path, "version A");
  let reads = 0;
  onRead = () => {
    if (reads++ === 0) writeFileSync(path, "version B");
  };
  const memory = memoryStorage();
  const puts: string[] = [];
  // Whatever is put first is there last.
  const storage: Storage = {
    ...memory,
    async put(key, bytes, options) {
      if (key.startsWith("files/")) {
        puts.push(bytes.toString());
        await sleep(puts.length === 1 ? 200 : 0);
      }
      await memory.put(key, bytes, options);
    },
  };
  const result = await mirrorTo(source, { storage });
  expect(result).toMatchObject({ state: "Good", files: 1 });
  expect(reads).toBe(2);
  expect(puts).toEqual(["version B"]);
  expect(memory.objects.get("files/file")?.toString()).toBe("version B");
});
