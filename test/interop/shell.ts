import { spawn } from "node:child_process";
import { once } from "node:events";
import { main } from "../support/holdfast.ts";
import type { RepositoryPlace } from "../support/repository-place.ts";

export interface Said {
  readonly code: number;
  /** Its bytes, as latin1. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one shell line with `holdfast` as our program, in a shell that tells of every failure in a pipe. */
export function runInShell(line: string, { password }: RepositoryPlace, url: string): Promise<Said> {
  const script = `set -o pipefail; holdfast() { ${process.execPath} ${main} mover "$@" --repository ${url}; }; ${line}`;
  const env = {
    PATH: process.env.PATH,
    HOLDFAST_PASSWORD: password,
    RESTIC_PASSWORD: password,
    LC_ALL: "C.UTF-8",
  };
  const child = spawn("bash", ["-c", script], { env, stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (part: Buffer) => {
    said.stdout += part.toString("latin1");
  });
  child.stderr.on("data", (part: Buffer) => {
    said.stderr += part;
  });
  return once(child, "close").then(([code]) => ({ code: code as number, ...said }));
}
