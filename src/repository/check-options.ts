import type { Repository } from "./types.ts";

/** `true` for all packs; or the `part`th of `of` equal shares of them, from 1. */
export type ReadData = boolean | { readonly part: number; readonly of: number };

export interface CheckOptions {
  readonly repository: Repository;
  readonly readData?: ReadData;
  readonly onProgress?: (progress: CheckProgress) => void;
  readonly signal?: AbortSignal;
}

export interface CheckProgress {
  readonly phase: "structure" | "data";
  /** Trees, or packs. */
  readonly done: number;
  readonly total?: number;
}
