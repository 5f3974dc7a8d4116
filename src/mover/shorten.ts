import type { BackupResult, MoverResult } from "../contract/results.ts";

/** What Kubernetes keeps of a termination message, in bytes. */
export const resultLimit = 4096;

interface Cut {
  readonly paths: number;
  /** Of paths, and of rules. */
  readonly pathLength: number;
  readonly messageLength: number;
  /** What `leftOut` says of each rule; its totals stay. */
  readonly rules: number;
  /** Snapshots of each list that an inventory tells of: the others turn up at the next run. */
  readonly unknown: number;
  readonly missing: number;
}

/** As many as there ever are. */
const everything = { rules: 20, unknown: 3, missing: 3 };

/**
 * From hardly noticed to nothing left. What an inventory found goes first, as the next run finds the rest; but something of what is missing stays
 * to the last: where each run has the same long messages to tell it would never be told, and copies that are gone would stay good for ever.
 */
const cuts: readonly Cut[] = [
  { paths: 1000, pathLength: 4096, messageLength: 2000, ...everything },
  { paths: 100, pathLength: 512, messageLength: 1000, ...everything },
  { paths: 30, pathLength: 256, messageLength: 500, ...everything },
  { paths: 10, pathLength: 128, messageLength: 300, ...everything, rules: 10 },
  { paths: 5, pathLength: 96, messageLength: 200, ...everything, rules: 5 },
  { paths: 5, pathLength: 96, messageLength: 200, ...everything, rules: 0 },
  { paths: 5, pathLength: 96, messageLength: 200, rules: 0, unknown: 1, missing: 3 },
  { paths: 5, pathLength: 96, messageLength: 200, rules: 0, unknown: 0, missing: 3 },
  { paths: 5, pathLength: 96, messageLength: 200, rules: 0, unknown: 0, missing: 1 },
  { paths: 3, pathLength: 64, messageLength: 120, rules: 0, unknown: 0, missing: 1 },
  { paths: 1, pathLength: 64, messageLength: 60, rules: 0, unknown: 0, missing: 1 },
  { paths: 1, pathLength: 64, messageLength: 0, rules: 0, unknown: 0, missing: 1 },
  { paths: 0, pathLength: 0, messageLength: 0, rules: 0, unknown: 0, missing: 1 },
  { paths: 0, pathLength: 0, messageLength: 0, rules: 0, unknown: 0, missing: 0 },
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

/** The lists of an inventory. */
type Found = keyof Pick<BackupResult["targets"][number], "unknown" | "missing">;
const isFound = (key: string): key is Found => (["unknown", "missing"] satisfies Found[] as string[]).includes(key);

const apply = (result: MoverResult, cut: Cut): unknown =>
  JSON.parse(JSON.stringify(result), (key, value: unknown) => {
    if (key === "failedPaths" && Array.isArray(value)) {
      return value.slice(0, cut.paths).map((path) => cutText(String(path), cut.pathLength));
    }
    if (key === "rules" && Array.isArray(value)) {
      return value.slice(0, cut.rules).map((entry) => ({ ...entry, rule: cutText(entry.rule, cut.pathLength) }));
    }
    if (isFound(key) && Array.isArray(value)) {
      return cut[key] === 0 ? undefined : value.slice(0, cut[key]);
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
