import { execFileSync } from "node:child_process";
import { existsSync, truncateSync, writeFileSync } from "node:fs";
import type { Scratch } from "./scratch.ts";

export interface LoopDevice {
  /** `/dev/loopN`. */
  readonly path: string;
  remove(): void;
}

/** By the backing file's name, a later run knows whose device it is, should this one be killed. */
const backing = /holdfast-loop-(\d+)-/;
let devices = 0;

const losetup = (...words: readonly string[]): string => execFileSync("losetup", words, { encoding: "utf8" }).trim();

/** A block device of `size` bytes that reads as zeros. Only root can have one. */
export function makeLoopDevice(scratch: Scratch, size: number): LoopDevice {
  detachAbandoned();
  const file = scratch.path(`holdfast-loop-${process.pid}-${devices++}`);
  writeFileSync(file, "");
  truncateSync(file, size);
  const path = losetup("--find", "--show", file);
  return { path, remove: () => losetup("--detach", path) };
}

/** Devices of test runs that were killed before they could detach them. */
function detachAbandoned(): void {
  for (const line of losetup("--list", "--noheadings", "--output", "NAME,BACK-FILE").split("\n")) {
    const [, pid] = backing.exec(line) ?? [];
    const [path] = line.trim().split(/\s+/);
    if (pid && path && !existsSync(`/proc/${pid}`)) losetup("--detach", path);
  }
}
