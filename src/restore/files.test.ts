import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fileNode } from "../repository/testing.ts";
import { openFolders } from "../system/folders.ts";
import { fileWriter, type PendingFile } from "./files.ts";
import { newOutcome } from "./outcome.ts";
import { newFolder, openDescriptors } from "./testing.ts";

describe("A file that is lent", () => {
  const planned = (name: string): PendingFile => ({
    folder: { name: Buffer.alloc(0), parent: undefined },
    node: fileNode(name, [], 6),
    size: 6,
    missing: 2,
    state: "Planned",
  });
  function begin() {
    const target = newFolder();
    const folders = openFolders(target);
    const outcome = newOutcome();
    return { target, folders, outcome, writer: fileWriter(folders, outcome) };
  }

  it("is finished with its last part, whoever writes that, and is open until everybody gave it back", () => {
    const { target, folders, outcome, writer } = begin();
    const before = openDescriptors();
    const file = planned("file");
    const first = writer.lend(file);
    expect(writer.lend(file)).toBe(first);
    writer.takeBack(file, 1);
    expect([file.state, openDescriptors()]).toEqual(["Created", before + 1]);
    writer.write(file, 0, Buffer.from("abc"));
    expect([file.state, outcome.files]).toEqual(["Finished", 1]);
    writer.takeBack(file, 0);
    expect(openDescriptors()).toBe(before);
    expect(readFileSync(join(target, "file"), "latin1")).toBe("abc\0\0\0");
    folders.close();
  });

  it("is gone when it is abandoned meanwhile, and is not lent again", () => {
    const { target, folders, outcome, writer } = begin();
    const before = openDescriptors();
    const file = planned("file");
    writer.lend(file);
    writer.abandon(file, "RepositoryDamaged", "it is damaged");
    expect(writer.lend(file)).toBeUndefined();
    writer.takeBack(file, 2);
    expect([file.state, openDescriptors()]).toEqual(["Failed", before]);
    expect(readdirSync(target)).toEqual([]);
    expect(outcome).toMatchObject({ files: 0, failedPaths: ["/file"] });
    folders.close();
  });

  it("is a failure of its own where it cannot be made", () => {
    const { target, folders, outcome, writer } = begin();
    mkdirSync(join(target, "file"));
    expect(writer.lend(planned("file"))).toBeUndefined();
    expect(outcome.failures).toMatchObject([
      { reason: "WriteErrors", message: expect.stringMatching(/\/file.*exists/) },
    ]);
    folders.close();
  });
});
