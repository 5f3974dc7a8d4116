import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import { memoryStorage } from "../storage/memory.ts";
import { mirrorTo } from "./testing.ts";

/** Three entries are too many, as 1.6 million really are. */
vi.mock("../repository/tree-format.ts", async (importOriginal) => {
  const original = await importOriginal<typeof import("../repository/tree-format.ts")>();
  const encodeTree: typeof original.encodeTree = (nodes) => {
    if (nodes.length >= 3) throw new original.TooManyEntries(`it has ${nodes.length} entries, too many`);
    return original.encodeTree(nodes);
  };
  return { ...original, encodeTree };
});

const scratch: Scratch = makeScratch();
let source: string;
let count = 0;
beforeEach(() => {
  source = scratch.path(`source-${count++}`);
  mkdirSync(join(source, "folder"), { recursive: true });
});
afterAll(() => scratch.remove());

const fill = (folder: string): void => {
  for (const name of ["a", "b", "c"]) writeFileSync(join(folder, name), name);
};

test("a folder that has too many entries is a path that could not be read, and the mirror stays", async () => {
  const storage = memoryStorage();
  writeFileSync(join(source, "file"), "as it was");
  expect(await mirrorTo(source, { storage })).toMatchObject({ state: "Good" });
  writeFileSync(join(source, "file"), "as it is now");
  fill(join(source, "folder"));
  expect(await mirrorTo(source, { storage })).toMatchObject({
    state: "Failed",
    reason: "ReadErrors",
    failedPaths: ["folder: it has 3 entries, too many"],
  });
  expect(storage.objects.get("files/file")?.toString()).toBe("as it was");
});

test("a source that has too many entries itself is named", async () => {
  fill(source);
  const { targets } = await mirrorTo(source, { storage: memoryStorage() });
  expect(targets).toMatchObject([
    { reason: "SourceUnreadable", message: `The source ${source} cannot be read: it has 4 entries, too many.` },
  ]);
});
