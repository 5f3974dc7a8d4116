import { execute } from "./cluster.ts";

/**
 * Everything there is to say of a folder's content, one line for each entry: type, mode, owner, size, time to the nanosecond,
 * link target, and the SHA-256 of each file. The same shell script runs in pods and here.
 */
export const describeTree = (folder: string): string => `
cd ${folder} && {
  find . -mindepth 1 -type d -printf '%P d %m %U:%G %T@\\n'
  find . -mindepth 1 -type f -printf '%P f %m %U:%G %s %n %T@\\n'
  find . -mindepth 1 -type l -printf '%P l %U:%G %T@ %l\\n'
  find . -mindepth 1 ! -type d ! -type f ! -type l -printf '%P %y %m %U:%G %T@\\n'
  find . -type f -print0 | xargs -0 -r sha256sum
} | LC_ALL=C sort`;

export const treeHere = (folder: string): Promise<string> => execute("sh", ["-ec", describeTree(folder)]);
