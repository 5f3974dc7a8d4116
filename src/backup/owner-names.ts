import { readFileSync } from "node:fs";

/** Names of users and groups, as far as they are known. */
export interface OwnerNames {
  user(uid: number): string | undefined;
  group(gid: number): string | undefined;
}

/** A volume's owners are those of whoever uses it: names of the machine that reads it would be other people's. */
export const noOwnerNames: OwnerNames = { user: () => undefined, group: () => undefined };

/** Names of this machine by its `passwd` and `group` files, from which restic has them, too. */
export function machineOwnerNames(): OwnerNames {
  const users = namesIn("/etc/passwd");
  const groups = namesIn("/etc/group");
  return { user: (uid) => users.get(uid), group: (gid) => groups.get(gid) };
}

function namesIn(file: string): ReadonlyMap<number, string> {
  try {
    return parseNames(readFileSync(file, "utf8"));
  } catch {
    // Numbers are what counts: a machine without such a file has no names to record.
    return new Map();
  }
}

/** Lines of passwd(5) and group(5): both begin with `name:password:number`. The first name of a number counts. */
export function parseNames(text: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split("\n")) {
    const [name, , number] = line.split(":");
    if (!name || name.startsWith("#") || !number || !/^\d+$/.test(number)) continue;
    if (!names.has(Number(number))) names.set(Number(number), name);
  }
  return names;
}
