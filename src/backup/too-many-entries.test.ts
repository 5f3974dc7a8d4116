import { expect, test, vi } from "vitest";
import { RepositoryError } from "../repository/errors.ts";
import { backup, source, write } from "./testing.ts";

/** Three entries are too many to be stored, as 1.6 million really are; so many are too many to be read, as restic may have stored them. */
let tooManyToRead = 3;
vi.mock("../repository/tree-format.ts", async (importOriginal) => {
  const original = await importOriginal<typeof import("../repository/tree-format.ts")>();
  const encodeTree: typeof original.encodeTree = (nodes) => {
    if (nodes.length >= 3) throw new original.TooManyEntries(`it has ${nodes.length} entries, too many`);
    return original.encodeTree(nodes);
  };
  const decodeTree: typeof original.decodeTree = (bytes, where) => {
    const nodes = original.decodeTree(bytes, where);
    if (nodes.length >= tooManyToRead) throw new RepositoryError("FormatUnknown", `${where} has too many entries`);
    return nodes;
  };
  return { ...original, encodeTree, decodeTree };
});

test("a source that has too many entries itself is named, for every target", async () => {
  for (const name of ["a", "b", "c"]) await write(name, name);
  const result = await backup({ to: ["one", "two"] });
  expect(result.targets).toHaveLength(2);
  for (const target of result.targets) {
    expect(target).toMatchObject({
      state: "Failed",
      reason: "SourceUnreadable",
      message: `The source ${source} cannot be read: it has 3 entries, too many.`,
    });
  }
});

test("a folder below it costs only that folder", async () => {
  for (const name of ["a", "folder/b", "folder/c", "folder/d"]) await write(name, name);
  expect(await backup()).toMatchObject({
    state: "Incomplete",
    reason: "ReadErrors",
    failedPaths: ["folder: it has 3 entries, too many"],
  });
});

test("a folder of the parent that is too long to be read is read again", async () => {
  for (const name of ["folder/a", "folder/b"]) await write(name, name);
  expect((await backup()).state).toBe("Good");
  tooManyToRead = 2;
  await write("folder/a", "another content");
  const result = await backup();
  tooManyToRead = 3;
  expect(result).toMatchObject({ state: "Good", bytesRead: "another contentfolder/b".length });
  expect(result.targets[0]?.message).toMatch(/^A part of the parent snapshot cannot be read .*has too many entries$/);
});
