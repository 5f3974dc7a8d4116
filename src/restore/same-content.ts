import type { TreeNode } from "../repository/types.ts";

/** Whether two files are made of the same blobs. */
export const sameContent = (a: TreeNode, b: TreeNode): boolean =>
  a.content?.length === b.content?.length && (a.content ?? []).every((id, at) => id === b.content?.[at]);
