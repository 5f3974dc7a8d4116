import type { Command } from "../measure.ts";
import type { Place } from "../stores.ts";

/** Where a program works: its repository, the folder to back up, and a folder for its own caches and settings. */
export interface Workplace {
  readonly place: Place;
  readonly source: string;
  readonly own: string;
}

/** What a program is called with. Whoever lacks a step takes no part in it. */
export interface Calls {
  /** Makes an empty repository, where the program needs that. Not timed, which favours it. */
  readonly prepare?: readonly Command[];
  /** Before each step, not timed: starts without a cache, as a pod does. */
  readonly open?: readonly Command[];
  readonly backup?: Command;
  /** Into an empty folder. */
  readonly restore?: (target: string) => Command;
  /** `file` is relative to the source. */
  readonly restoreFile?: (target: string, file: string) => Command;
  readonly forget?: (keep: number) => Command;
  readonly check?: Command;
  /** Where the source's content lies below a target. */
  readonly restored?: (target: string) => string;
}

export interface Contestant {
  readonly name: string;
  readonly version: string;
  /** What is written is a repository of restic's format, and restic judges it. */
  readonly isRestic: boolean;
  /** Not a backup program: what the machine can do at best. */
  readonly isLimit: boolean;
  calls(at: Workplace): Calls;
}

export const password = "benchmark";

/** One command after the other in a shell, for programs that need several calls for one step. */
export const inTurn = (commands: readonly (readonly string[])[]): string[] => [
  "sh",
  "-ec",
  commands.map((words) => words.map(quoted).join(" ")).join("\n"),
];

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
