import { lstatSync } from "node:fs";
import type { DataSet } from "./data-set.ts";
import { filesBelow } from "./files.ts";

export interface DataFacts {
  readonly name: string;
  readonly what: string;
  readonly files: number;
  /** Of all files, holes included. */
  readonly bytes: number;
}

export function factsOf({ name, what }: DataSet, folder: string): DataFacts {
  let files = 0;
  let bytes = 0;
  for (const path of filesBelow(folder)) {
    files++;
    bytes += lstatSync(path).size;
  }
  return { name, what, files, bytes };
}
