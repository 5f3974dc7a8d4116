import picomatch from "picomatch";

/**
 * Which paths a backup leaves out. A pattern is a glob:
 *
 * - `*`, `?` and `[abc]` match within one name, `**` any number of folders, `{a,b}` either;
 * - a pattern that begins with `/` starts at the root of the source, any other may begin in any folder;
 * - a pattern that ends in `/` matches folders only;
 * - with a folder, everything below it is left out.
 *
 * A name that begins with a dot is a name like any other. Bytes that are not UTF-8 are matched by `?` and `*`.
 */
export type IsExcluded = (path: string, isFolder: boolean) => boolean;

/** `path` is relative to the source, with `/` between names and none in front. */
export function excludeBy(patterns: readonly string[]): IsExcluded {
  const options = { dot: true, nonegate: true, noextglob: true, strictSlashes: true } as const;
  const matchers = patterns
    .filter((pattern) => pattern !== "" && pattern !== "/")
    .map((pattern) => {
      const foldersOnly = pattern.endsWith("/");
      const body = foldersOnly ? pattern.slice(0, -1) : pattern;
      const anchored = body.startsWith("/") ? body.slice(1) : `**/${body}`;
      return { foldersOnly, matches: picomatch(anchored, options) };
    });
  if (matchers.length === 0) return () => false;
  return (path, isFolder) => matchers.some(({ foldersOnly, matches }) => (isFolder || !foldersOnly) && matches(path));
}
