import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderState } from "../../test/support/folder-state.ts";
import { opened } from "../../test/support/repository.ts";
import { packKey } from "../repository/pack-cache.ts";
import type { BlobType } from "../repository/types.ts";
import { withBadSector } from "../storage/testing.ts";
import { restorable } from "./restorable.ts";
import { type RestoreOptions, restoreSnapshot } from "./restore.ts";
import { newFolder, smallRepository } from "./testing.ts";

const { signal } = new AbortController();

const restore = (target: string, source: Pick<RestoreOptions, "repository" | "snapshot">) =>
  restoreSnapshot({ ...source, target, include: [], signal });

function flipBit(file: string, offset: number): void {
  const bytes = readFileSync(file);
  bytes[offset] = (bytes[offset] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

describe("restoreSnapshot from a damaged repository", () => {
  const make = (folder: string) => {
    writeFileSync(join(folder, "a"), randomBytes(600_000));
    writeFileSync(join(folder, "b"), randomBytes(12_000_000));
    linkSync(join(folder, "b"), join(folder, "b again"));
    writeFileSync(join(folder, "c"), randomBytes(600_000));
    mkdirSync(join(folder, "d"));
    writeFileSync(join(folder, "d/e"), "unharmed");
  };

  it("names the files that are lost, leaves nothing half of them, and brings back the rest", async () => {
    const { folder, place, repository } = await smallRepository(make);
    const [tree] = [...repository.index.locations()].filter(({ type }) => type === "tree");
    const lost = new Set<string>();
    // One bit of the blob in the middle of «b».
    const blobs = [...repository.index.locations()].filter(
      ({ type, plainLength }) => type === "data" && plainLength > 600_000,
    );
    const blob = blobs[Math.floor(blobs.length / 2)];
    if (!blob || !tree) throw new Error("there must be blobs");
    flipBit(join(place, "data", blob.pack.slice(0, 2), blob.pack), blob.offset + 100);
    lost.add(blob.id);

    const target = newFolder();
    const outcome = await restore(target, await opened(place));
    expect(outcome.failedPaths).toEqual(["/b", "/b again"]);
    expect(outcome.failures[0]).toMatchObject({ reason: "RepositoryDamaged", message: expect.stringContaining("/b") });
    expect(readdirSync(target).sort()).toEqual(["a", "c", "d"]);
    const { "/b": _, "/b again": __, ...rest } = folderState(folder);
    expect(folderState(target)).toEqual(rest);
  });

  it.each([
    ["a file's blob", "data"],
    ["a folder's list of entries", "tree"],
  ])("brings back everything but what lies on a bad sector: %s", async (_, type) => {
    const { folder, place, repository, snapshot } = await smallRepository(make);
    const { readTree } = await import("../repository/tree.ts");
    const { select } = await import("./selection.ts");
    const entries = await readTree(repository, (await select(repository, snapshot, { include: [] })).tree);
    const named = (name: string) => entries.find((entry) => entry.name.toString() === name);
    const id = type === "tree" ? named("d")?.subtree : named("b")?.content?.[3];
    const blob = repository.index.find(id ?? "", type as BlobType);
    if (!blob) throw new Error("there must be a blob");
    const { repository: fresh } = await opened(place);
    const storage = withBadSector(fresh.storage, packKey(blob.pack), blob.offset + 20);

    const target = newFolder();
    const outcome = await restore(target, { repository: restorable({ ...fresh, storage }), snapshot });
    expect(outcome.failedPaths).toEqual(type === "tree" ? ["/d"] : ["/b", "/b again"]);
    expect(outcome.failures[0]).toEqual({
      reason: "ObjectUnreadable",
      message: expect.stringContaining("the disk reports an error (EIO)"),
    });
    const { "/b": _b, "/b again": _again, ...withoutB } = folderState(folder);
    if (type === "data") expect(folderState(target)).toEqual(withoutB);
    else expect(readdirSync(target).sort()).toEqual(["a", "b", "b again", "c", "d"]);
  });

  it("goes on beside a folder whose list of entries is lost", async () => {
    const { place, repository, snapshot } = await smallRepository(make);
    const { readTree } = await import("../repository/tree.ts");
    const { select } = await import("./selection.ts");
    const { tree } = await select(repository, snapshot, { include: [] });
    const subtree = (await readTree(repository, tree)).find(({ name }) => name.toString() === "d")?.subtree ?? "";
    const blob = repository.index.find(subtree, "tree");
    if (!blob) throw new Error("there must be a tree");
    flipBit(join(place, "data", blob.pack.slice(0, 2), blob.pack), blob.offset + 20);

    const target = newFolder();
    const outcome = await restore(target, await opened(place));
    expect(outcome.failedPaths).toEqual(["/d"]);
    expect(outcome.failures[0]?.reason).toBe("RepositoryDamaged");
    expect(readdirSync(target).sort()).toEqual(["a", "b", "b again", "c", "d"]);
  });
});
