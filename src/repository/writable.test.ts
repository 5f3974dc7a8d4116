import { expect, it } from "vitest";
import { memoryStorage } from "../storage/memory.ts";
import { listDocuments, writeDocument } from "./documents.ts";
import { withLock } from "./locks.ts";
import { initialiseRepository } from "./repository.ts";
import { requireWritable } from "./writable.ts";

const newRepository = () => initialiseRepository({ storage: memoryStorage(), password: "p" });
const identity = { holder: "test", deadHolders: [], waitSeconds: 0 };
const refusal = { reason: "FormatReadOnly", message: expect.stringContaining("upgrade_repo_v2") };

it("takes format 2", async () => {
  expect(() => requireWritable({ version: 2, storage: memoryStorage() })).not.toThrow();
});

it("lets nothing but shared locks be written in format 1", async () => {
  const repository = { ...(await newRepository()), version: 1 } as const;
  for (const folder of ["index", "snapshots"] as const) {
    await expect(writeDocument(repository, folder, {})).rejects.toMatchObject(refusal);
    expect(await listDocuments(repository, folder)).toEqual([]);
  }
  const lock = (exclusive: boolean) => withLock(repository, { exclusive, identity }, async () => "done");
  await expect(lock(true)).rejects.toMatchObject(refusal);
  expect(await lock(false)).toBe("done");
});
