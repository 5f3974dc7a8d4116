import { formatTime } from "../repository/time.ts";
import type { TreeNode } from "../repository/types.ts";
import { shownPath } from "./paths.ts";

/** Entries as restic shows them, for programs and for people. */

// Go's `FileMode.String`: a letter for each bit from the highest down, then the nine permissions.
const modeLetters = "dalTLDpSugct?";
const permissionLetters = "rwxrwxrwx";

/** `drwxr-xr-x`, in Go's letters (a link is `Lrwxrwxrwx`, set-user-ID is `urwxr-xr-x`). */
export function permissionsText(mode: number): string {
  const special = [...modeLetters].filter((_, at) => (mode & (2 ** (31 - at))) !== 0).join("");
  const permissions = [...permissionLetters].map((letter, at) => ((mode & (2 ** (8 - at))) !== 0 ? letter : "-"));
  return `${special || "-"}${permissions.join("")}`;
}

/** The fields that restic's `ls --json` and `find --json` have in common. */
export const entryFields = (node: TreeNode, path: Buffer) => ({
  name: node.name.toString(),
  type: node.type,
  path: path.toString(),
  uid: node.uid,
  gid: node.gid,
  ...(node.type === "file" && { size: node.size }),
  mode: node.mode,
  permissions: permissionsText(node.mode),
  ...(node.inode <= Number.MAX_SAFE_INTEGER && node.inode > 0n && { inode: Number(node.inode) }),
  mtime: formatTime(node.mtime),
  atime: formatTime(node.atime),
  ctime: formatTime(node.ctime),
});

/** `-rw-r--r--  1000  1000   5120 2026-11-24 21:00:00 /data/file`, with the target of a link; in UTC. */
export function longLine(node: TreeNode, path: Buffer): string {
  const number = (value: number) => String(value).padStart(5);
  const time = formatTime(node.mtime).slice(0, 19).replace("T", " ");
  const target = node.linkTarget ? ` -> ${shownPath(node.linkTarget)}` : "";
  const size = String(node.size).padStart(6);
  return `${permissionsText(node.mode)} ${number(node.uid)} ${number(node.gid)} ${size} ${time} ${shownPath(path)}${target}`;
}
