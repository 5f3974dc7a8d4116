/** Go's `FileMode`, which restic stores, and the `st_mode` of POSIX. */

const permissions = 0o777;
const posix = { setuid: 0o4000, setgid: 0o2000, sticky: 0o1000, typeMask: 0o170000 } as const;

/** Bits of Go's `FileMode`. All arithmetic on them needs `>>> 0`: bit 31 is JavaScript's sign. */
const go = {
  directory: 2 ** 31,
  symlink: 2 ** 27,
  device: 2 ** 26,
  fifo: 2 ** 25,
  socket: 2 ** 24,
  setuid: 2 ** 23,
  setgid: 2 ** 22,
  characterDevice: 2 ** 21,
  sticky: 2 ** 20,
} as const;

const typeBits: ReadonlyMap<number, number> = new Map([
  [0o040000, go.directory],
  [0o120000, go.symlink],
  [0o060000, go.device],
  [0o020000, go.device + go.characterDevice],
  [0o010000, go.fifo],
  [0o140000, go.socket],
]);

/** Go's mode for an `st_mode`, file type included. */
export function goMode(stMode: number): number {
  let mode = (stMode & permissions) + (typeBits.get(stMode & posix.typeMask) ?? 0);
  if (stMode & posix.setuid) mode += go.setuid;
  if (stMode & posix.setgid) mode += go.setgid;
  if (stMode & posix.sticky) mode += go.sticky;
  return mode;
}

/** The twelve permission bits for `chmod`: the type of a node says the rest. */
export function posixPermissions(mode: number): number {
  let result = mode & permissions;
  if ((mode & go.setuid) !== 0) result |= posix.setuid;
  if ((mode & go.setgid) !== 0) result |= posix.setgid;
  if ((mode & go.sticky) !== 0) result |= posix.sticky;
  return result;
}
