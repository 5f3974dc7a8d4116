import { expect } from "vitest";
import { type EntryState, entryStates } from "./folder-state.ts";
import { holdfast, type Ran, type RunOptions } from "./holdfast.ts";
import { filePlace, type RepositoryPlace } from "./repository-place.ts";
import type { Scratch } from "./scratch.ts";

export type States = Readonly<Record<string, EntryState>>;

/** Our mover; it must end well. */
export async function mover(
  place: RepositoryPlace,
  [command = "", ...rest]: readonly string[],
  options: Pick<RunOptions, "capabilities"> = {},
): Promise<Ran> {
  const { environment, password } = place;
  const words = ["mover", command, "--repository", place.url, ...rest];
  const ran = await holdfast(words, { environment, password, ...options });
  expect(ran.code, `${words.join(" ")}\n${ran.stdout}${ran.stderr}`).toBe(0);
  return ran;
}

/** Who backed up and who restored. */
export const directions = ["Holdfast → Holdfast", "Holdfast → restic", "restic → Holdfast"] as const;
export type Direction = (typeof directions)[number];

export interface BothWays {
  readonly states: Readonly<Record<Direction, States>>;
  /** Where it was restored to. */
  readonly folders: Readonly<Record<Direction, string>>;
  /** By the backup with Holdfast. */
  readonly bytesRead: number;
}

/** Backs a folder up with both programs, restores it with the other, and our own with ours, too; all must end well. */
export async function bothWays(scratch: Scratch, source: string): Promise<BothWays> {
  const folders = {
    "Holdfast → Holdfast": scratch.path("ours, by us"),
    "Holdfast → restic": scratch.path("ours, by restic"),
    "restic → Holdfast": scratch.path("restic's, by us"),
  };
  const ours = filePlace(scratch);
  const backedUp = await mover(ours, ["backup", "--source", source, "--json"]);
  await mover(ours, ["restore", "--target", folders["Holdfast → Holdfast"], "--verify"]);
  await ours.restic.check();
  await ours.restic.run("restore", "latest", "--target", folders["Holdfast → restic"]);

  const theirs = filePlace(scratch);
  await theirs.restic.run("init", "--repository-version", "2");
  await theirs.restic.run("backup", source);
  await mover(theirs, ["restore", "--target", folders["restic → Holdfast"], "--verify"]);
  return {
    folders,
    bytesRead: backedUp.result<{ bytesRead: number }>().bytesRead,
    states: {
      "Holdfast → Holdfast": entryStates(folders["Holdfast → Holdfast"]),
      "Holdfast → restic": entryStates(`${folders["Holdfast → restic"]}${source}`),
      "restic → Holdfast": entryStates(folders["restic → Holdfast"]),
    },
  };
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
