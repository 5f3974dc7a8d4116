import { readdirSync, readFileSync } from "node:fs";

/** Memory of one process, in bytes, as /proc/<pid>/status says it. */
export interface ProcessMemory {
  readonly resident: number;
  /** The most that this process ever had; the kernel keeps it, so that nothing is missed between two looks. */
  readonly peak: number;
}

export function parseStatus(status: string): ProcessMemory | undefined {
  const resident = kilobytes(status, "VmRSS");
  const peak = kilobytes(status, "VmHWM");
  return resident === undefined || peak === undefined ? undefined : { resident, peak };
}

function kilobytes(status: string, field: string): number | undefined {
  const value = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1];
  return value === undefined ? undefined : Number(value) * 1024;
}

/** A process and all its descendants that live at this moment. */
export function processTree(root: number): ProcessMemory[] {
  const found: ProcessMemory[] = [];
  const waiting = [root];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    const memory = parseStatus(readOrNothing(`/proc/${pid}/status`));
    if (memory) found.push(memory);
    waiting.push(...childrenOf(pid));
  }
  return found;
}

function childrenOf(pid: number): number[] {
  return threadsOf(pid).flatMap((thread) =>
    readOrNothing(`/proc/${pid}/task/${thread}/children`)
      .split(" ")
      .filter((word) => word !== "")
      .map(Number),
  );
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // it has ended
  }
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // it has ended
  }
}
