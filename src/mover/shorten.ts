import type { MoverResult } from "./results.ts";

/** What Kubernetes keeps of a termination message, in bytes. */
export const resultLimit = 4096;

interface Cut {
  readonly paths: number;
  readonly pathLength: number;
  readonly messageLength: number;
}

/** From hardly noticed to nothing left. */
const cuts: readonly Cut[] = [
  { paths: 1000, pathLength: 4096, messageLength: 2000 },
  { paths: 100, pathLength: 512, messageLength: 1000 },
  { paths: 30, pathLength: 256, messageLength: 500 },
  { paths: 10, pathLength: 128, messageLength: 300 },
  { paths: 5, pathLength: 96, messageLength: 200 },
  { paths: 3, pathLength: 64, messageLength: 120 },
  { paths: 1, pathLength: 64, messageLength: 60 },
  { paths: 0, pathLength: 0, messageLength: 0 },
];

/** The result as one line of JSON that fits: failed paths, rules and messages are cut, never numbers, states or names. */
export function resultLine(result: MoverResult): string {
  let line = JSON.stringify(result);
  for (const cut of cuts) {
    if (Buffer.byteLength(line) <= resultLimit) return line;
    line = JSON.stringify(apply(result, cut));
  }
  return line;
}

const apply = (result: MoverResult, cut: Cut): unknown =>
  JSON.parse(JSON.stringify(result), (key, value: unknown) => {
    if (key === "failedPaths" && Array.isArray(value)) {
      return value.slice(0, cut.paths).map((path) => cutText(String(path), cut.pathLength));
    }
    // What `leftOut` says of each rule; its totals stay.
    if (key === "rules" && Array.isArray(value)) {
      return value.slice(0, cut.paths).map((entry) => ({ ...entry, rule: cutText(entry.rule, cut.pathLength) }));
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
