/**
 * Refuses keys that would not mean the same in every store, above all those that would leave a filesystem store's
 * folder. Keys come from our own code and from listings, so this is a safety net and not input checking.
 */
export function assertKey(key: string): void {
  const bad = key.includes("\0") || key.split("/").some((part) => part === "" || part === "." || part === "..");
  if (bad) throw new RangeError(`«${key}» is not an object key`);
}

/** A prefix with neither leading nor trailing slashes, as it stands in URLs: `/a//b/` becomes `a/b`. */
export const normalisePrefix = (prefix: string): string =>
  prefix
    .split("/")
    .filter((part) => part !== "")
    .join("/");

/** `prefix/key`, or `key` at the root. */
export const joinKey = (prefix: string, key: string): string => (prefix === "" ? key : `${prefix}/${key}`);
