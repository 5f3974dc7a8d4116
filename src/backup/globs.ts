import picomatch from "picomatch";
import { RepositoryError } from "../repository/errors.ts";

/**
 * Which paths of a source are meant. A pattern is a glob:
 *
 * - `*`, `?` and `[abc]` match within one name, `**` any number of folders, `{a,b}` either;
 * - a pattern that begins with `/` starts at the root of the source, any other may begin in any folder;
 * - a pattern that ends in `/` matches folders only;
 * - with a folder, everything below it is meant.
 *
 * A name that begins with a dot is a name like any other. Bytes that are not UTF-8 are matched by `?` and `*`.
 */
export interface Glob {
  readonly pattern: string;
  /** `path` is relative to the source, with `/` between names and none in front. */
  matches(path: string, isFolder: boolean): boolean;
  /** Whether anything below this folder, which itself is not matched, may be. */
  mayMatchBelow(folder: string): boolean;
}

// `**` becomes dots, which stop at an end of line, of which a name may hold any: hence the flag.
const options = { dot: true, nonegate: true, noextglob: true, strictSlashes: true, flags: "s" } as const;

/** Throws `InvalidConfiguration` for a pattern that names nothing. */
export function globOf(pattern: string): Glob {
  const foldersOnly = pattern.endsWith("/");
  const body = foldersOnly ? pattern.slice(0, -1) : pattern;
  const isAnchored = body.startsWith("/");
  const fromRoot = isAnchored ? body.slice(1) : `**/${body}`;
  if (body === "" || fromRoot === "") {
    throw new RepositoryError(
      "InvalidConfiguration",
      `The pattern «${pattern}» names nothing: write a glob such as *.tmp, or /var/cache for one place.`,
    );
  }
  const matchesPath = picomatch(fromRoot, options);
  return {
    pattern,
    matches: (path, isFolder) => (isFolder || !foldersOnly) && matchesPath(path),
    mayMatchBelow: prefixMatcher(fromRoot),
  };
}

/** Braces and brackets may hold slashes: then, and behind `**`, anything may follow. */
function prefixMatcher(pattern: string): (folder: string) => boolean {
  if (/[{}[\]\\]/.test(pattern)) return () => true;
  const parts = pattern.split("/");
  const free = parts.indexOf("**");
  const fixed = (free < 0 ? parts : parts.slice(0, free)).map((part) => picomatch(part, options));
  return (folder) => {
    const names = folder.split("/");
    if (free < 0 && names.length >= parts.length) return false;
    return fixed.every((matchesName, depth) => names[depth] === undefined || matchesName(names[depth]));
  };
}
