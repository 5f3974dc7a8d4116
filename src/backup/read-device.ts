import { closeSync, openSync } from "node:fs";
import { idOf } from "../repository/crypto.ts";
import { goMode } from "../repository/mode.ts";
import { parseTime } from "../repository/time.ts";
import { encodeTree } from "../repository/tree-format.ts";
import type { Id, Snapshot, TreeNode } from "../repository/types.ts";
import { imageName } from "../repository/volume-image.ts";
import { deviceSize } from "../system/block-device.ts";
import { assertGoingOn } from "./archive.ts";
import { deviceChunkBytes, deviceChunks, devicePartBytes, zeroId } from "./device-chunks.ts";
import { distribute, type Recipients } from "./distribute.ts";
import { collectFailures } from "./failures.ts";
import { nameKey, type ParentEntries, readParents, rootParents } from "./parents.ts";
import type { BackupPlan, BackupProgress, ReadResult } from "./plan.ts";
import { wrapInPlainFolders } from "./root.ts";
import type { TargetSession } from "./session.ts";

/**
 * Reads a block device once, all of it, and stores in every session what it lacks: one file, `volume.img`. Rejects with the
 * operating system's error where any part cannot be read: half an image is none.
 */
export async function readDevice(
  plan: BackupPlan,
  sessions: readonly TargetSession[],
  onProgress: (progress: BackupProgress) => void,
): Promise<ReadResult> {
  const { patienceMilliseconds, packing } = plan;
  const recipients: Recipients = { sessions, patienceMilliseconds, packing };
  const previous = await readParents(sessions, await rootParents(sessions, plan.path));
  const descriptor = openSync(plan.config.source, "r");
  try {
    const size = deviceSize(descriptor);
    const content: Id[] = [];
    let done = 0;
    let isBlank = true;
    for await (const { bytes, isZero } of deviceChunks(descriptor, size)) {
      assertGoingOn({ sessions, signal: plan.signal });
      const id = isZero ? zeroId(bytes.length) : idOf(bytes);
      content.push(id);
      await distribute(recipients, "data", id, bytes);
      isBlank &&= isZero;
      done += bytes.length;
      onProgress({ phase: "backup", bytesDone: done, filesDone: 0 });
    }
    countImage(sessions, previous, content);
    const time = parseTime(plan.time) ?? 0n;
    const image = encodeTree([imageNode(size, content, time)]);
    const tree = idOf(image);
    await distribute(recipients, "tree", tree, image);
    return {
      tree: await wrapInPlainFolders({ recipients, path: plan.path, tree, time }),
      totals: { files: 1, folders: 0, bytes: size, bytesRead: size, entries: 1 },
      failures: collectFailures(),
      leftOut: undefined,
      isAllLeftOut: false,
      isBlank,
    };
  } finally {
    closeSync(descriptor);
  }
}

const imageNode = (size: number, content: readonly Id[], time: bigint): TreeNode => ({
  name: imageName,
  type: "file",
  mode: goMode(0o100600),
  mtime: time,
  atime: time,
  ctime: time,
  uid: 0,
  gid: 0,
  inode: 0n,
  deviceId: 0n,
  size,
  links: 1,
  device: 0n,
  content,
});

const imageBefore = (previous: ParentEntries, session: TargetSession): TreeNode | undefined =>
  previous.get(session)?.get(nameKey(imageName));

export type FolderReader = Pick<TargetSession, "readParentFolder">;

/** Whether the device held data in an earlier snapshot, which need not be the parent: a Differential has none. */
export async function heldDataIn(folders: FolderReader, { tree }: Snapshot, path: string): Promise<boolean> {
  const names = path.split("/").filter((name) => name !== "");
  let folder: Id | undefined = tree;
  for (const name of names) {
    const nodes: readonly TreeNode[] = (await folders.readParentFolder(folder)) ?? [];
    folder = nodes.find((node) => node.name.equals(Buffer.from(name)))?.subtree;
    if (!folder) return false;
  }
  const nodes = (await folders.readParentFolder(folder)) ?? [];
  return hadData(nodes.find(({ name }) => name.equals(imageName)));
}

/** Whether anything but zeros is in the chunks of an image. */
export function hadData(image: Pick<TreeNode, "content" | "size"> | undefined): boolean {
  if (!image?.content) return false;
  const zeroIds = new Set(zeroLengths(image.size).map(zeroId));
  return image.content.some((id) => !zeroIds.has(id));
}

/** The lengths that a run of zeros can have in a device of this size. */
function zeroLengths(size: number): number[] {
  const count = devicePartBytes / deviceChunkBytes;
  const whole = Array.from({ length: count + 1 }, (_, chunks) => chunks * deviceChunkBytes);
  const rest = size % deviceChunkBytes;
  return [...whole.slice(1), ...whole.slice(0, -1).map((length) => length + rest)].filter((length) => length > 0);
}

function countImage(sessions: readonly TargetSession[], previous: ParentEntries, content: readonly Id[]): void {
  for (const session of sessions) {
    const before = imageBefore(previous, session)?.content;
    if (!before) session.counts.filesNew++;
    else if (before.length === content.length && before.every((id, at) => id === content[at]))
      session.counts.filesUnmodified++;
    else session.counts.filesChanged++;
  }
}
