import { expect, test } from "vitest";
import { fileNode } from "../repository/testing.ts";
import { parseTime } from "../repository/time.ts";
import type { SnapshotDocument, SnapshotSummary, TreeNode } from "../repository/types.ts";
import { isUnchanged } from "./unchanged.ts";

const began = "2026-01-01T12:00:00Z";
const parent = {
  time: began,
  tree: "",
  paths: [],
  summary: { backup_start: began } as SnapshotSummary,
} satisfies SnapshotDocument;
const hourBefore = parseTime("2026-01-01T11:00:00.5Z") as bigint;
const node: TreeNode = { ...fileNode("a", [], 10), mtime: hourBefore, ctime: hourBefore, inode: 5n };

test.each<[string, Partial<TreeNode>, boolean]>([
  ["nothing", {}, true],
  ["its owner and mode", { uid: 1, mode: 0 }, true],
  ["its size", { size: 11 }, false],
  ["its time of modification", { mtime: hourBefore + 1n }, false],
  ["its time of change", { ctime: hourBefore + 1n }, false],
  ["its inode", { inode: 6n }, false],
  ["its type", { type: "symlink" }, false],
  ["its being read without error", { error: "changed while it was being read" }, false],
])("compares everything but for owner and mode: %s differed before", (_, change, unchanged) => {
  expect(isUnchanged(node, { ...node, ...change }, parent)).toBe(unchanged);
});

test("knows no file that was not there", () => {
  expect(isUnchanged(node, undefined, parent)).toBe(false);
});

test("does not trust a file that was changed while its parent's backup began", () => {
  const late = { ...node, ctime: (parseTime(began) as bigint) - 1_000_000n };
  expect(isUnchanged(late, late, parent)).toBe(false);
  const byOlderRestic = { time: parent.time, tree: "", paths: [] };
  expect(isUnchanged(late, late, byOlderRestic)).toBe(false);
  expect(isUnchanged(late, late, { ...byOlderRestic, time: "2026-01-01T12:00:01Z" })).toBe(true);
});

test("does not trust what was changed just before the volume's snapshot that its parent is of, and written back perhaps later", () => {
  const at = (time: string) => ({ ...node, ctime: parseTime(time) as bigint });
  const ofSnapshot = { ...parent, time: "2026-01-01T11:50:00Z" };
  expect(isUnchanged(at("2026-01-01T11:51:00Z"), at("2026-01-01T11:51:00Z"), ofSnapshot)).toBe(false);
  expect(isUnchanged(at("2026-01-01T11:49:30Z"), at("2026-01-01T11:49:30Z"), ofSnapshot)).toBe(false);
  expect(isUnchanged(at("2026-01-01T11:48:57Z"), at("2026-01-01T11:48:57Z"), ofSnapshot)).toBe(true);
});

test("does not trust more of a volume's snapshot that was dated by a clock ahead of ours", () => {
  const at = (time: string) => ({ ...node, ctime: parseTime(time) as bigint });
  const fromTheFuture = { ...parent, time: "2026-01-01T12:02:00Z" };
  expect(isUnchanged(at("2026-01-01T11:59:30Z"), at("2026-01-01T11:59:30Z"), fromTheFuture)).toBe(false);
  expect(isUnchanged(at("2026-01-01T11:58:30Z"), at("2026-01-01T11:58:30Z"), fromTheFuture)).toBe(true);
});

test("does not trust a file system that may count in seconds within two of them", () => {
  const at = (time: string) => ({ ...node, ctime: parseTime(time) as bigint });
  const live = {
    ...parent,
    time: "2026-01-01T12:00:00.5Z",
    summary: { backup_start: "2026-01-01T12:00:00.5Z" } as SnapshotSummary,
  };
  expect(isUnchanged(at("2026-01-01T12:00:00Z"), at("2026-01-01T12:00:00Z"), live)).toBe(false);
  expect(isUnchanged(at("2026-01-01T11:59:58Z"), at("2026-01-01T11:59:58Z"), live)).toBe(true);
  expect(isUnchanged(at("2026-01-01T12:00:00.1Z"), at("2026-01-01T12:00:00.1Z"), live)).toBe(true);
});
