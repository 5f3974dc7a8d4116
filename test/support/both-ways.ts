import { expect } from "vitest";
import { type EntryState, entryStates } from "./folder-state.ts";
import { holdfast, type Ran, type RunOptions } from "./holdfast.ts";
import { filePlace, type RepositoryPlace } from "./repository-place.ts";
import { resticFor } from "./restic.ts";
import { newestRestic } from "./restic-versions.ts";
import type { Scratch } from "./scratch.ts";

export type States = Readonly<Record<string, EntryState>>;

/** Our mover; it must end with the code, and well where none is given. */
export async function mover(
  place: RepositoryPlace,
  [command = "", ...rest]: readonly string[],
  { code = 0, ...options }: Pick<RunOptions, "capabilities"> & { readonly code?: number } = {},
): Promise<Ran> {
  const { environment, password } = place;
  const words = ["mover", command, "--repository", place.url, ...rest];
  const ran = await holdfast(words, { environment, password, ...options });
  expect(ran.code, `${words.join(" ")}\n${ran.stdout}${ran.stderr}`).toBe(code);
  return ran;
}

/** A restic that backs up and restores, too. */
export interface Referee {
  readonly name: string;
  /** The system's own where there is none. */
  readonly binary?: string;
  readonly restoreFlags?: readonly string[];
}

export const systemRestic: Referee = { name: "restic" };

/** Unlike older ones, it can leave holes out when it restores. */
export const newestReferee = async (): Promise<Referee & { readonly binary: string }> => ({
  name: "newest restic",
  binary: (await newestRestic()).binary,
  restoreFlags: ["--sparse"],
});

const ownWay = "Holdfast → Holdfast";
const toRestic = ({ name }: Referee): string => `Holdfast → ${name}`;
const fromRestic = ({ name }: Referee): string => `${name} → Holdfast`;

/** Who backed up and who restored. */
export const waysOf = (referees: readonly Referee[]): readonly string[] => [
  ownWay,
  ...referees.flatMap((referee) => [toRestic(referee), fromRestic(referee)]),
];

export interface BothWays {
  /** By way: where it was restored to, and what came out. */
  readonly restored: ReadonlyMap<string, { readonly folder: string; readonly states: States }>;
  /** By the backup with Holdfast. */
  readonly bytesRead: number;
}

/** Backs a folder up with each program, restores it with the other, and our own with ours, too; all must end well. */
export async function bothWays(
  scratch: Scratch,
  source: string,
  referees: readonly Referee[] = [systemRestic],
): Promise<BothWays> {
  const restored = new Map<string, { folder: string; states: States }>();
  const { bytesRead } = await eachWay({
    scratch,
    source,
    referees,
    onRestored: (way, folder) => void restored.set(way, { folder, states: entryStates(folder) }),
  });
  return { restored, bytesRead };
}

export interface EachWay {
  readonly scratch: Scratch;
  readonly source: string;
  readonly referees: readonly Referee[];
  /** Looks at what came out, and may remove it where two such folders would be too much. */
  readonly onRestored: (way: string, folder: string) => void;
}

/** The same, one way after the other. */
export async function eachWay({
  scratch,
  source,
  referees,
  onRestored,
}: EachWay): Promise<Pick<BothWays, "bytesRead">> {
  const ours = filePlace(scratch);
  const backedUp = await mover(ours, ["backup", "--source", source, "--json"]);
  await mover(ours, ["restore", "--target", scratch.path(ownWay), "--verify"]);
  onRestored(ownWay, scratch.path(ownWay));
  for (const referee of referees) {
    const restic = resticFor(ours.url.slice("file://".length), ours.password, {}, referee.binary);
    const [to, from] = [scratch.path(toRestic(referee)), scratch.path(fromRestic(referee))];
    await restic.check();
    await restic.run("restore", "latest", "--target", to, ...(referee.restoreFlags ?? []));
    onRestored(toRestic(referee), `${to}${source}`);

    const theirs = filePlace(scratch, referee.binary);
    await theirs.restic.run("init", "--repository-version", "2");
    await theirs.restic.run("backup", source);
    await mover(theirs, ["restore", "--target", from, "--verify"]);
    onRestored(fromRestic(referee), from);
  }
  return { bytesRead: backedUp.result<{ bytesRead: number }>().bytesRead };
}

/** A line for each attribute that differs, and for each entry that is missing or new. */
export function differencesBetween(wanted: States, got: States): string[] {
  const paths = new Set([...Object.keys(wanted), ...Object.keys(got)]);
  return [...paths].flatMap((path) => {
    const [was, is] = [wanted[path], got[path]];
    if (!was || !is) return [`${path} is ${was ? "missing" : "new"}`];
    return [...new Set([...Object.keys(was), ...Object.keys(is)])]
      .filter((attribute) => was[attribute] !== is[attribute])
      .map((attribute) => `${path} has ${attribute} ${is[attribute]} instead of ${was[attribute]}`);
  });
}
