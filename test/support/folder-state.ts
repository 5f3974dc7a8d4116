import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { type BigIntStats, closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";

export interface StateOptions {
  /** Metadata of the folder itself, too; its time changes by being used. */
  readonly root?: boolean;
  /** Compare owners; only root can restore them. */
  readonly owners?: boolean;
  /** Compare extended attributes; not every file system has them for every type. */
  readonly attributes?: boolean;
}

/** What there is to compare of one entry: attribute by attribute, as text. */
export type EntryState = Readonly<Record<string, string>>;

/**
 * Everything about a folder that a restore must bring back, one line per entry, by path: type, mode, owner, size, time in
 * nanoseconds, link target, device, content, extended attributes, and which other name it is the same file as. Names are
 * shown as Latin-1, so that every byte counts.
 */
export function folderState(folder: string, options: StateOptions = {}): Record<string, string> {
  const lines: Record<string, string> = {};
  for (const [path, state] of Object.entries(entryStates(folder, options))) {
    lines[path] = Object.entries(state)
      .map(([attribute, value]) => `${attribute} ${value}`)
      .join(", ");
  }
  return lines;
}

/**
 * The same, with the attributes of each entry apart. Written without any code of ours, as a judge should be; it goes from
 * folder to folder by descriptors, so that no path is too long for it.
 */
export function entryStates(
  folder: string,
  { root = false, owners = true, attributes: compared = true }: StateOptions = {},
): Record<string, EntryState> {
  const states: Record<string, EntryState> = {};
  const attributes = compared ? extendedAttributes(folder) : new Map<string, EntryState>();
  const names = new Map<bigint, string>();
  const add = (path: Buffer, shown: string): BigIntStats => {
    const status = lstatSync(path, { bigint: true });
    if (shown !== "" || root)
      states[shown] = { ...describe({ path, shown, status, names, owners }), ...attributes.get(shown) };
    return status;
  };
  const visit = (path: Buffer, shown: string) => {
    const descriptor = openSync(path, "r");
    for (const name of readdirSync(`/proc/self/fd/${descriptor}`, { encoding: "buffer" })) {
      const entry = Buffer.concat([Buffer.from(`/proc/self/fd/${descriptor}/`), name]);
      const entryShown = `${shown}/${name.toString("latin1")}`;
      if (add(entry, entryShown).isDirectory()) visit(entry, entryShown);
    }
    closeSync(descriptor);
  };
  add(Buffer.from(folder), "");
  visit(Buffer.from(folder), "");
  return states;
}

interface Described {
  readonly path: Buffer;
  readonly shown: string;
  readonly status: BigIntStats;
  /** The first name of each inode. */
  readonly names: Map<bigint, string>;
  readonly owners: boolean;
}

function describe({ path, shown, status, names, owners }: Described): EntryState {
  const state: Record<string, string> = { mode: status.mode.toString(8) };
  if (shown !== "") state.mtime = `${status.mtimeNs}`;
  if (owners) state.owner = `${status.uid}:${status.gid}`;
  if (status.isFile()) Object.assign(state, { size: `${status.size}`, content: contentHash(path, status.size) });
  if (status.isSymbolicLink()) state["->"] = readlinkSync(path, "buffer").toString("latin1");
  if (status.isCharacterDevice() || status.isBlockDevice()) state.device = `${status.rdev}`;
  if (!status.isDirectory() && status.nlink > 1n) {
    const first = names.get(status.ino);
    if (first !== undefined) state["same as"] = first;
    else names.set(status.ino, shown);
  }
  return state;
}

const piece = Buffer.alloc(4 * 1024 * 1024);

function contentHash(path: Buffer, size: bigint): string {
  const sum = createHash("sha256");
  if (size === 0n) return sum.digest("hex");
  const descriptor = openSync(path, "r");
  for (
    let count = readSync(descriptor, piece, 0, piece.length, null);
    count > 0;
    count = readSync(descriptor, piece, 0, piece.length, null)
  ) {
    sum.update(piece.subarray(0, count));
  }
  closeSync(descriptor);
  return sum.digest("hex");
}

/** By path, as `getfattr` of the system sees them. It cannot go where paths are too long: there the tests compare none. */
function extendedAttributes(folder: string): Map<string, EntryState> {
  const words = ["--recursive", "--no-dereference", "--dump", "--match=-", "--encoding=hex", "--", "."];
  const options = { cwd: folder, encoding: "latin1", maxBuffer: 256 * 1024 * 1024, stdio: "pipe" } as const;
  let output: string;
  try {
    output = execFileSync("getfattr", words, options);
  } catch (error) {
    const { stdout, stderr = "" } = error as { stdout?: string; stderr?: string };
    if (stdout === undefined || !/File name too long/.test(stderr)) throw error;
    output = stdout;
  }
  const found = new Map<string, EntryState>();
  for (const block of output.split("\n\n")) {
    const [head = "", ...lines] = block.split("\n").filter((line) => line !== "");
    const name = unescaped(head.replace(/^# file: /, ""));
    const path = name === "." ? "" : `/${name}`;
    const attributes = lines.map((line) => /^([^=]+)(?:=(.*))?$/.exec(line) ?? []);
    const kept = attributes.filter(([, name = ""]) => !name.startsWith("trusted.") && name !== "security.selinux");
    found.set(path, Object.fromEntries(kept.map(([, name = "", value = ""]) => [unescaped(name), value])));
  }
  return found;
}

const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
