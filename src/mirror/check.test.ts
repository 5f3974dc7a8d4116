import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeScratch } from "../../test/support/scratch.ts";
import { memoryStorage } from "../storage/memory.ts";
import { withBadSector } from "../storage/testing.ts";
import { checkMirror } from "./check.ts";
import { mirrorTo } from "./testing.ts";

const scratch = makeScratch();
afterAll(() => scratch.remove());
const { signal } = new AbortController();

test("counts as read what was read, and not what the store does not give out", async () => {
  const source = scratch.path("source");
  mkdirSync(source);
  for (const name of ["good", "unreadable"]) writeFileSync(join(source, name), name);
  const memory = memoryStorage();
  expect((await mirrorTo(source, { memory })).state).toBe("Good");
  expect(await checkMirror({ storage: memory, readData: true, signal })).toMatchObject({ bytesRead: 14, problems: [] });
  const storage = withBadSector(memory, "files/unreadable", 3);
  expect(await checkMirror({ storage, readData: true, signal })).toMatchObject({
    files: 2,
    bytes: 14,
    bytesRead: 4,
    problems: [expect.stringMatching(/^\/unreadable: .*EIO/)],
  });
});
