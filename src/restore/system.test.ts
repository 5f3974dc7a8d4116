import { closeSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, it } from "vitest";
import { syncFileSystem } from "./system.ts";

it("waits for the disk while other things go on, and tells what the system says", async () => {
  const folder = openSync(tmpdir(), "r");
  let isDone = false;
  const syncing = syncFileSystem(folder).then(() => {
    isDone = true;
  });
  expect(isDone).toBe(false);
  await syncing;
  closeSync(folder);
  await expect(syncFileSystem(1_000_000)).rejects.toMatchObject({ code: "EBADF", syscall: "syncfs" });
});
