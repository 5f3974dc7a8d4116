import type { Scale } from "../data/data-set.ts";
import type { Command } from "../measure.ts";

export interface Operation {
  readonly name: string;
  /** Not timed; before each run. */
  readonly before?: () => Promise<void>;
  readonly command: Command;
}

/** Something of which there may be little or much. */
export interface Series {
  readonly name: string;
  /** What is counted, as the title of its axis. */
  readonly unit: string;
  readonly sizes: Readonly<Record<Scale, readonly number[]>>;
  /** Brings about `size` of it, more than before; the folder is the series' own. Returns what is then to be measured. */
  grow(folder: string, size: number): Promise<readonly Operation[]>;
}
