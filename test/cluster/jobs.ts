import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { readOr } from "./files.ts";

// A program that a start runs and waits for (a compiler, an image build) outlives the start when that is killed. Such
// programs carry the identity of the process that wanted them.
const jobMark = "HOLDFAST_TEST_CLUSTER_JOB";

type Entry = { readonly pid: number; readonly parent: number; readonly owner: string };

export const jobEnvironment: Readonly<Record<string, string>> = { [jobMark]: identity(process.pid) };

/** Ends the programs, and what they started, whose owner is no more. */
export async function endOrphanedJobs(): Promise<void> {
  const entries = await listProcesses();
  const orphaned = new Set(entries.filter(({ owner }) => owner !== "" && !isCurrent(owner)).map(({ pid }) => pid));
  for (let before = -1; before !== orphaned.size; ) {
    before = orphaned.size;
    for (const { pid, parent } of entries) if (orphaned.has(parent)) orphaned.add(pid);
  }
  for (const pid of orphaned) kill(pid);
}

async function listProcesses(): Promise<Entry[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  return Promise.all(
    pids.map(async (name) => {
      const variables = (await readOr(`/proc/${name}/environ`, "")).split("\0");
      const owner = variables.find((variable) => variable.startsWith(`${jobMark}=`))?.slice(jobMark.length + 1) ?? "";
      const status = await readOr(`/proc/${name}/status`, "");
      return { pid: Number(name), parent: Number(/^PPid:\s*(\d+)/m.exec(status)?.[1] ?? 0), owner };
    }),
  );
}

/** A process by its number and start time, as numbers are used again. */
function identity(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const startTime = text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
    return `${pid}:${startTime}`;
  } catch {
    return `${pid}:gone`;
  }
}

function isCurrent(owner: string): boolean {
  return identity(Number(owner.split(":")[0])) === owner;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended meanwhile
  }
}
