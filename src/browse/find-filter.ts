import picomatch from "picomatch";
import { durationSeconds } from "../api/scalars.ts";
import { RepositoryError } from "../repository/errors.ts";
import { parseTime } from "../repository/time.ts";
import type { NodeType, TreeNode } from "../repository/types.ts";

/** As given on the command line. */
export interface FindQuestion {
  /** Globs, of which one has to match: on the name, or, where it has a `/`, on the end of the path. */
  readonly patterns: readonly string[];
  readonly ignoreCase?: boolean | undefined;
  readonly type?: string | undefined;
  /** Modified at or after, and at or before. */
  readonly newer?: string | undefined;
  readonly older?: string | undefined;
  /** At least and at most, of files only. */
  readonly larger?: string | undefined;
  readonly smaller?: string | undefined;
}

export interface FindFilter {
  /** Whether the path matters, or the entry alone decides. */
  readonly needsPath: boolean;
  /** `path` is that of the folder, with a `/` at its end. */
  matches(node: TreeNode, path: string): boolean;
}

const types: Readonly<Record<string, NodeType>> = {
  f: "file",
  d: "dir",
  l: "symlink",
  b: "dev",
  c: "chardev",
  p: "fifo",
  s: "socket",
};

/** Throws `InvalidConfiguration`, naming what cannot be understood. `now` is in milliseconds since 1970. */
export function findFilter(question: FindQuestion, now: number): FindFilter {
  // `**` becomes dots, which stop at an end of line, of which a name may hold any. Flags replace what `nocase` would set.
  const flags = question.ignoreCase ? "is" : "s";
  const options = { dot: true, nonegate: true, noextglob: true, nocase: question.ignoreCase ?? false, flags };
  const glob = (pattern: string) => picomatch(pattern, options);
  const names = question.patterns.filter((pattern) => !pattern.includes("/")).map(glob);
  const paths = question.patterns
    .filter((pattern) => pattern.includes("/"))
    .map((pattern) => {
      if (pattern.startsWith("/")) return glob(pattern);
      // Without the slash in front: to picomatch `/**/a` is no name for `/a`.
      const matches = glob(`**/${pattern}`);
      return (path: string) => matches(path.slice(1));
    });
  const type = typeOf(question.type);
  const [newer, older] = [timeOf("--newer", question.newer, now), timeOf("--older", question.older, now)];
  const [larger, smaller] = [sizeOf("--larger", question.larger), sizeOf("--smaller", question.smaller)];
  const isSized = larger !== undefined || smaller !== undefined;
  return {
    needsPath: paths.length > 0,
    matches(node, path) {
      if (type && node.type !== type) return false;
      if (isSized && node.type !== "file") return false;
      if (node.size < (larger ?? 0) || node.size > (smaller ?? Number.POSITIVE_INFINITY)) return false;
      if ((newer !== undefined && node.mtime < newer) || (older !== undefined && node.mtime > older)) return false;
      const name = node.name.toString();
      return names.some((matches) => matches(name)) || paths.some((matches) => matches(`${path}${name}`));
    },
  };
}

const wrong = (message: string, cause?: unknown) => new RepositoryError("InvalidConfiguration", message, { cause });

function typeOf(text: string | undefined): NodeType | undefined {
  if (text === undefined) return undefined;
  const type = types[text] ?? Object.values(types).find((each) => each === text);
  if (type) return type;
  throw wrong(
    `--type takes one of ${Object.entries(types)
      .map(([letter, name]) => `${letter} (${name})`)
      .join(", ")}.`,
  );
}

const billion = 1_000_000_000n;

/** Nanoseconds since 1970 of `2026-11-24`, `2026-11-24T08:00:00Z`, or `36h` ago. */
function timeOf(flag: string, text: string | undefined, now: number): bigint | undefined {
  if (text === undefined) return undefined;
  const instant = parseTime(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
  if (instant !== undefined) return instant;
  try {
    return BigInt(now) * 1_000_000n - BigInt(durationSeconds(text)) * billion;
  } catch (error) {
    throw wrong(`${flag} takes a time such as 2026-11-24, 2026-11-24T08:00:00Z, or 36h or 30d for so long ago.`, error);
  }
}

/** Bytes of `500`, `10K`, `1.5M`, `2GiB`; units are of 1024. */
function sizeOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(text);
  if (!match) throw wrong(`${flag} takes a size such as 500, 10K, 1.5M or 2GiB.`);
  const [, number = "", unit = ""] = match;
  return Number(number) * 1024 ** ["", "K", "M", "G", "T"].indexOf(unit.toUpperCase());
}
