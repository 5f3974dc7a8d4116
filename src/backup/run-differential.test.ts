import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkRepository } from "../repository/check.ts";
import { loadIndex } from "../repository/load-index.ts";
import { withLock } from "../repository/locks.ts";
import { repairIndex } from "../repository/repair-index.ts";
import { removeSnapshot } from "../repository/snapshots.ts";

import { backup, contentOf, lock, problemsOf, repositoryOf, source, stores, write } from "./testing.ts";

describe("a Differential", () => {
  /** Owners of the packs that hold a snapshot's blobs, with those that only others' packs hold as `other`. */
  const ownersOf = async (store: string): Promise<Record<string, number>> => {
    const { index } = await loadIndex(await repositoryOf(store));
    const counts: Record<string, number> = {};
    for (const { type, owner = "nobody" } of index.locations())
      if (type === "data") counts[owner === "full" || owner === "nobody" ? owner : "run"] = (counts[owner] ?? 0) + 1;
    return counts;
  };
  const hintsOf = async (store: string) =>
    (await checkRepository({ repository: await repositoryOf(store), readData: true })).hints;

  test("is a Full where there is none, and says so", async () => {
    await write("a", "alpha");
    const { targets } = await backup({ type: "Differential" });
    expect(targets).toMatchObject([{ state: "Good", type: "Full", message: expect.stringMatching(/became one/) }]);
  });

  test("writes again what an Incremental had written, and reads nothing again that the Full has", async () => {
    const old = randomBytes(50_000);
    const added = randomBytes(70_000);
    await write("old", old);
    const full = await backup();
    await write("added", added);
    await backup();
    const { targets, bytesRead } = await backup({ type: "Differential" });
    expect(targets).toMatchObject([{ type: "Differential", state: "Good", parent: full.targets[0]?.snapshot }]);
    expect(bytesRead).toBe(added.length);
    expect(targets[0]?.bytesStored).toBeGreaterThan(added.length);
    const again = await backup();
    expect(again.targets[0], "an Incremental builds on everything").toMatchObject({ bytesAdded: 0 });
    expect(await hintsOf("one")).toEqual([]);
    expect(await problemsOf("one")).toEqual([]);
  });

  test("finds the Full's data where the Full's snapshot was forgotten", async () => {
    await write("old", randomBytes(50_000));
    const full = await backup();
    await write("added", "more");
    await backup();
    await removeSnapshot(await repositoryOf("one"), full.targets[0]?.snapshot ?? "");
    const { targets, bytesRead } = await backup({ type: "Differential" });
    expect(targets[0]?.parent).toBeUndefined();
    expect(bytesRead).toBeGreaterThan(50_000);
    expect(targets[0]?.bytesAdded).toBeLessThan(5000);
    expect(await hintsOf("one")).toEqual([]);
  });

  test("does not take an empty source for good, also where the Full's snapshot was forgotten", async () => {
    await write("old", "content");
    const full = await backup();
    await backup();
    await removeSnapshot(await repositoryOf("one"), full.targets[0]?.snapshot ?? "");
    await rm(join(source, "old"));
    expect(await backup({ type: "Differential" })).toMatchObject({ state: "Incomplete", reason: "SourceEmpty" });
  });

  test("writes again what was written by nobody knows whom, and says so", async () => {
    await write("old", randomBytes(50_000));
    await backup();
    const repository = await repositoryOf("one");
    for (const [key] of [...(stores.one?.objects ?? [])]) if (key.startsWith("index/")) stores.one?.objects.delete(key);
    await withLock(repository, { identity: lock, exclusive: true }, (held) => repairIndex({ repository, lock: held }));
    const { targets } = await backup({ type: "Differential" });
    expect(targets[0]?.message).toMatch(/Nobody knows which run wrote 2 of the packs/);
    expect(targets[0]?.bytesAdded).toBeGreaterThan(50_000);
    expect(await ownersOf("one")).toEqual({ nobody: 1, run: 1 });
    expect(await hintsOf("one")).toEqual([]);
  });

  test("goes on with what an earlier attempt at the same run had stored", async () => {
    await write("old", "alpha");
    await backup();
    await write("added", randomBytes(60_000));
    const first = await backup({ type: "Differential", runTag: "run-1" });
    await removeSnapshot(await repositoryOf("one"), first.targets[0]?.snapshot ?? "");
    expect((await backup({ type: "Differential", runTag: "run-1" })).targets[0]).toMatchObject({ bytesAdded: 0 });
    expect((await backup({ type: "Differential", runTag: "run-1" })).targets[0]?.type).toBe("Differential");
    expect((await backup({ type: "Differential", runTag: "run-2" })).targets[0]?.bytesAdded).toBeGreaterThan(60_000);
  });

  test("is a Full on a target that has nothing yet, in the same read", async () => {
    await write("old", "alpha");
    await backup();
    await write("added", "beta");
    const { targets } = await backup({ type: "Differential", to: ["one", "two"] });
    expect(targets.map(({ type }) => type)).toEqual(["Differential", "Full"]);
    expect(await contentOf("two", "/data/added")).toBe("beta");
  });
});
