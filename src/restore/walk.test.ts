import { constants } from "node:buffer";
import { expect, test } from "vitest";
import { fileNode, folderNode } from "../repository/testing.ts";
import { decodeTree } from "../repository/tree-format.ts";
import { StorageError } from "../storage/errors.ts";
import { displayPath } from "./display-path.ts";
import { type Step, walk } from "./walk.ts";

const [root, folder] = ["a".repeat(64), "b".repeat(64)];

/** The steps through a folder of two files, with one between them of which `readFolder` tells the entries. */
async function stepsThrough(readFolder: () => never): Promise<Step[]> {
  const repository = {
    readTree: async (id: string) =>
      id === folder ? readFolder() : [fileNode("a", [], 0), folderNode("b", folder), fileNode("c", [], 0)],
    locate: () => ({ damage: "no files here" }),
    async *readParts() {},
  };
  const steps: Step[] = [];
  for await (const step of walk(repository, { tree: root, node: undefined, only: undefined })) steps.push(step);
  return steps;
}

test("goes on beside a folder that has more entries than fit into a string", async () => {
  const steps = await stepsThrough(() => {
    decodeTree(Buffer.alloc(constants.MAX_STRING_LENGTH + 1), "The tree");
    throw new Error("it was read");
  });
  const failed = steps.flatMap((step) => (step.kind === "damaged" ? [step] : []));
  expect(failed.map((step) => displayPath(step.folder))).toEqual(["/b"]);
  expect(failed[0]?.error).toMatchObject({
    reason: "FormatUnknown",
    message: expect.stringMatching(/too many entries for this program: use restic/),
  });
  const files = steps.flatMap((step) => (step.kind === "entry" ? [String(step.node.name)] : []));
  expect(files).toEqual(["a", "c"]);
});

test("ends where the store cannot be asked", async () => {
  const unreachable = new StorageError("Unreachable", "no route");
  const steps = stepsThrough(() => {
    throw unreachable;
  });
  await expect(steps).rejects.toBe(unreachable);
});
