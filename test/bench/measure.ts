import { spawn } from "node:child_process";
import { once } from "node:events";
import { childrenSeconds } from "./children-time.ts";
import { processTree } from "./process-tree.ts";
import type { Cost } from "./sample.ts";

export interface Command {
  readonly words: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const sampleMilliseconds = 50;

/**
 * Runs a command with nothing but PATH, HOME and what it is given as its environment. Rejects with the end of what it said
 * where its exit code is not 0. One at a time: what else ends meanwhile would be counted.
 *
 * Memory is the greatest of two: the resident memory of all processes together at one moment (seen every 50 ms), and the
 * kernel's own record of the peak of each single process.
 */
export async function measure({ words, environment }: Command): Promise<Cost> {
  const [program = "", ...rest] = words;
  const cpuBefore = childrenSeconds();
  const begin = performance.now();
  const child = spawn(program, rest, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (part: Buffer) => {
      said = `${said}${part}`.slice(-2000);
    });
  }
  let peakBytes = 0;
  const look = () => {
    const processes = processTree(child.pid ?? 0);
    const together = processes.reduce((sum, { resident }) => sum + resident, 0);
    peakBytes = Math.max(peakBytes, together, ...processes.map(({ peak }) => peak));
  };
  const looking = setInterval(look, sampleMilliseconds);
  look();
  try {
    const [code, signal] = await once(child, "close");
    const wallSeconds = (performance.now() - begin) / 1000;
    if (code !== 0) throw new Error(`${words.slice(0, 4).join(" ")} ended with ${signal ?? code}:\n${said.trim()}`);
    return { wallSeconds, cpuSeconds: childrenSeconds() - cpuBefore, peakBytes };
  } finally {
    clearInterval(looking);
  }
}
