import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { backedUp } from "../../test/support/repository.ts";
import { fileNode, folderNode } from "../repository/testing.ts";
import type { BlobLocation, Snapshot, TreeNode } from "../repository/types.ts";
import { StorageError } from "../storage/errors.ts";
import { restoreToDevice } from "./device.ts";
import { newOutcome } from "./outcome.ts";
import type { Restorable } from "./restorable.ts";
import { type RestoreOptions, restoreSnapshot } from "./restore.ts";
import { newFolder } from "./testing.ts";

const { signal } = new AbortController();
const unreachable = () => new StorageError("Unreachable", "The store does not answer.");

describe("a restore into a folder that breaks off", () => {
  async function restored(options: (repository: Restorable) => Partial<RestoreOptions>) {
    const source = newFolder();
    writeFileSync(join(source, "a"), "first file");
    mkdirSync(join(source, "b/c"), { recursive: true });
    writeFileSync(join(source, "b/c/d"), "second file");
    const { repository, snapshot } = await backedUp(source, newFolder());
    const [target, outcome] = [newFolder(), newOutcome()];
    const given = { repository, snapshot, target, include: [], signal, outcome, windowSize: 1 };
    const failure = await restoreSnapshot({ ...given, ...options(repository) }).catch((error: unknown) => error);
    return { target, outcome, failure };
  }

  /** The store does not answer for the folder that has this entry. */
  const without = (repository: Restorable, entry: string): Partial<RestoreOptions> => {
    const readTree: Restorable["readTree"] = async (id) => {
      const nodes = await repository.readTree(id);
      if (nodes.some(({ name }) => name.toString() === entry)) throw unreachable();
      return nodes;
    };
    return { repository: { ...repository, readTree } };
  };

  it("tells what came until then, and that the target holds it", async () => {
    const { target, outcome, failure } = await restored((repository) => without(repository, "d"));
    expect(failure).toMatchObject({ kind: "Unreachable" });
    expect(outcome).toMatchObject({ files: 1, bytes: 10, touched: true });
    expect(readdirSync(target).sort()).toEqual(["a", "b"]);
  });

  it("does not speak of a target in which nothing was made", async () => {
    const { target, outcome, failure } = await restored((repository) => without(repository, "a"));
    expect(failure).toMatchObject({ kind: "Unreachable" });
    expect(outcome).toMatchObject({ files: 0, touched: false });
    expect(readdirSync(target)).toEqual([]);
  });

  it("says that the disk failed, where it did", async () => {
    const sync = () =>
      Promise.reject(Object.assign(new Error("EIO: i/o error, syncfs"), { syscall: "syncfs", code: "EIO" }));
    const { target, outcome, failure } = await restored(() => ({ flush: { sync } }));
    expect(failure).toMatchObject({
      reason: "WriteErrors",
      message: `${target} could not be written: EIO: i/o error, syncfs. Look after its disk.`,
    });
    expect(outcome).toMatchObject({ files: 2, touched: true });
  });

  it("has touched nothing of a target that was refused", async () => {
    const target = newFolder();
    writeFileSync(join(target, "theirs"), "");
    const { outcome, failure } = await restored(() => ({ target }));
    expect(failure).toMatchObject({ reason: "TargetFolderNotEmpty" });
    expect(outcome.touched).toBe(false);
  });
});

describe("a restore onto a device that breaks off", () => {
  const part = Buffer.alloc(1000, "x");
  const located = { type: "data", pack: "pack", length: 1000, plainLength: 1000, compressed: false } as const;
  const locations: BlobLocation[] = ["one", "two"].map((id, at) => ({ ...located, id, offset: at * 1000 }));
  const trees: Readonly<Record<string, TreeNode[]>> = {
    root: [folderNode("volume", "image")],
    image: [fileNode("volume.img", ["one", "two"], 2000)],
  };
  const snapshot: Snapshot = {
    id: "a".repeat(64),
    time: "",
    tree: "root",
    paths: ["/volume"],
    tags: ["volume-mode=Block"],
  };

  /** Whose store answers for so many parts. */
  async function restored(answers: number) {
    const target = join(newFolder(), "device");
    writeFileSync(target, Buffer.alloc(2000, "-"));
    const repository = {
      readTree: async (id: string) => trees[id] ?? [],
      locate: (_: unknown, { content = [] }: TreeNode) => ({
        parts: locations.filter(({ id }) => content.includes(id)),
        size: 2000,
      }),
      async *readParts(_: string, wanted: readonly BlobLocation[]) {
        for (const location of wanted.slice(0, answers)) yield { location, plaintext: part };
        throw unreachable();
      },
    } as unknown as Restorable;
    const outcome = newOutcome();
    const failure = await restoreToDevice({ repository, snapshot, target, signal, outcome }).catch(
      (error: unknown) => error,
    );
    return { outcome, failure, content: readFileSync(target, "latin1") };
  }

  it("tells what came until then, and that the device holds a part", async () => {
    const { outcome, failure, content } = await restored(1);
    expect(failure).toMatchObject({ kind: "Unreachable" });
    expect(outcome).toMatchObject({ files: 0, bytes: 1000, touched: true });
    expect(content).toContain("x");
  });

  it("does not speak of a device that was left alone", async () => {
    const { outcome, content } = await restored(0);
    expect(outcome).toMatchObject({ bytes: 0, touched: false });
    expect(content).toBe("-".repeat(2000));
  });
});
