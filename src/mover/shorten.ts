import type { BackupResult, MoverResult } from "../contract/results.ts";

/** What Kubernetes keeps of a termination message, in bytes. */
export const resultLimit = 4096;

interface Cut {
  readonly paths: number;
  readonly pathLength: number;
  readonly messageLength: number;
  /** Snapshots of each list that an inventory tells of: the others turn up at the next run. */
  readonly snapshots: number;
}

/** As many as an inventory ever tells of. */
const allSnapshots = 3;

/** From hardly noticed to nothing left. An inventory turns up again at the next run; what went wrong has to be told now. */
const cuts: readonly Cut[] = [
  { paths: 1000, pathLength: 4096, messageLength: 2000, snapshots: allSnapshots },
  { paths: 100, pathLength: 512, messageLength: 1000, snapshots: allSnapshots },
  { paths: 30, pathLength: 256, messageLength: 500, snapshots: allSnapshots },
  { paths: 10, pathLength: 128, messageLength: 300, snapshots: allSnapshots },
  { paths: 5, pathLength: 96, messageLength: 200, snapshots: allSnapshots },
  { paths: 5, pathLength: 96, messageLength: 200, snapshots: 1 },
  { paths: 5, pathLength: 96, messageLength: 200, snapshots: 0 },
  { paths: 3, pathLength: 64, messageLength: 120, snapshots: 0 },
  { paths: 1, pathLength: 64, messageLength: 60, snapshots: 0 },
  { paths: 0, pathLength: 0, messageLength: 0, snapshots: 0 },
];

/**
 * The result as one line of JSON that fits: failed paths, rules, messages and what an inventory found are cut, never numbers, states
 * or names.
 */
export function resultLine(result: MoverResult): string {
  let line = JSON.stringify(result);
  for (const cut of cuts) {
    if (Buffer.byteLength(line) <= resultLimit) return line;
    line = JSON.stringify(apply(result, cut));
  }
  return line;
}

const inventoryKeys: readonly string[] = ["unknown", "missing"] satisfies (keyof BackupResult["targets"][number])[];

const apply = (result: MoverResult, cut: Cut): unknown =>
  JSON.parse(JSON.stringify(result), (key, value: unknown) => {
    if (key === "failedPaths" && Array.isArray(value)) {
      return value.slice(0, cut.paths).map((path) => cutText(String(path), cut.pathLength));
    }
    // What `leftOut` says of each rule; its totals stay.
    if (key === "rules" && Array.isArray(value)) {
      return value.slice(0, cut.paths).map((entry) => ({ ...entry, rule: cutText(entry.rule, cut.pathLength) }));
    }
    if (inventoryKeys.includes(key) && Array.isArray(value)) {
      return cut.snapshots === 0 ? undefined : value.slice(0, cut.snapshots);
    }
    if (key === "message" && typeof value === "string") {
      return cut.messageLength === 0 ? undefined : cutText(value, cut.messageLength);
    }
    return value;
  });

/** By code points, so that no character is cut in two. */
function cutText(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${[...text].slice(0, length - 1).join("")}…`;
}
