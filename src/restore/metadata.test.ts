import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { fileNode } from "../repository/testing.ts";
import { applyMetadata } from "./metadata.ts";
import { newOutcome } from "./outcome.ts";
import { newFolder } from "./testing.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Nobody may give a file to this one, be it root. */
const nobody = 0xffff_ffff;
const owners = "Owners were not restored, because that needs root: everything belongs to the user who restored it.";
const setIds =
  "Set-user-ID and set-group-ID were left out of modes where the owner is not as it was, and are not compared there.";

it.each<[string, mode: number, uid: number, found: number, notices: readonly string[]]>([
  ["a program with set-user-ID of somebody else", 0o755 | (1 << 23), nobody, 0o755, [owners, setIds]],
  ["a program with set-group-ID of somebody else", 0o755 | (1 << 22), nobody, 0o755, [owners, setIds]],
  ["a file of somebody else", 0o640, nobody, 0o640, [owners]],
  ["a program with set-user-ID of one's own", 0o755 | (1 << 23), process.getuid?.() ?? 0, 0o4755, []],
])("without root: %s", (_, mode, uid, found, notices) => {
  vi.spyOn(process, "geteuid").mockReturnValue(1000);
  const file = join(newFolder(), "program");
  writeFileSync(file, "");
  const outcome = newOutcome();
  const node = { ...fileNode("program", [], 0), mode, uid, gid: process.getgid?.() ?? 0 };
  applyMetadata({ node, path: Buffer.from(file), display: () => "/program" }, outcome);
  expect(statSync(file).mode & 0o7777).toBe(found);
  expect(outcome.notices).toEqual(notices);
  expect(outcome.errors).toBe(0);
});
