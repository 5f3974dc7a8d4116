import { randomBytes } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { opened } from "../../test/support/repository.ts";
import { checkRepository } from "../repository/check.ts";
import { packKey } from "../repository/pack-cache.ts";
import { StorageError } from "../storage/errors.ts";
import { retrying } from "../storage/retry.ts";
import type { Storage } from "../storage/storage.ts";
import { restorable } from "./restorable.ts";
import { restoreSnapshot } from "./restore.ts";
import { newFolder, smallRepository } from "./testing.ts";

const { signal } = new AbortController();
const quick = { firstPauseMs: 1, longestPauseMs: 2, firstContactMs: 40, outageMs: 400 };

/** Four files in one pack, of which the store never gives out the last one's blob. */
async function withBadBlob() {
  const { place, repository } = await smallRepository((folder) => {
    for (const name of ["a", "b", "c", "d"]) writeFileSync(join(folder, name), randomBytes(200_000));
  });
  const data = [...repository.index.locations()].filter(({ type }) => type === "data");
  const bad = data.sort((one, other) => one.offset - other.offset).at(-1);
  if (!bad || data.length !== 4) throw new Error("there must be one blob a file");
  const { repository: fresh, snapshot } = await opened(place);
  const get: Storage["get"] = (key, range, allocate) =>
    key === packKey(bad.pack) && (range === undefined || range.offset + range.length > bad.offset)
      ? Promise.reject(new StorageError("Failed", "Could not read it: HTTP 500", { transient: true }))
      : fresh.storage.get(key, range, allocate);
  const storage = retrying({ ...fresh.storage, get }, quick);
  await storage.get("config");
  return { repository: { ...fresh, storage }, snapshot };
}

test("a restore loses one file by a blob that the store never gives out, and not all", async () => {
  const { repository, snapshot } = await withBadBlob();
  const target = newFolder();
  const outcome = await restoreSnapshot({
    repository: restorable(repository),
    snapshot,
    target,
    include: [],
    signal,
  });
  expect(outcome.failedPaths).toEqual(["/d"]);
  expect(outcome.failures).toMatchObject([{ reason: "ObjectUnreadable" }]);
  expect(readdirSync(target).sort()).toEqual(["a", "b", "c"]);
});

test("a check names the one file that such a blob touches", async () => {
  const { repository } = await withBadBlob();
  const report = await checkRepository({ repository, readData: true });
  expect(report.problems).toEqual([expect.stringMatching(/cannot be read whole at present.*HTTP 500/)]);
  expect(report.affected.map(({ path }) => path)).toEqual([expect.stringMatching(/d$/)]);
});
