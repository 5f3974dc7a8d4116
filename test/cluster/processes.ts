import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { sleep } from "./run.ts";
import { cgroupName, digest, logFolder, processMark } from "./settings.ts";

/** A long-running program of the cluster. */
export type Component = {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Contents of its configuration files: when they change, it is started anew. */
  readonly configuration?: readonly string[];
  /** Whether it answers; asked again until it does. */
  readonly ready: () => Promise<boolean>;
};

export type ClusterProcess = {
  readonly pid: number;
  readonly arguments: readonly string[];
  /** `<component>:<digest of its command>`, inherited by its children; empty for the programs inside containers. */
  readonly mark: string;
};

const startLimit = 120_000;
const settleLimit = 30_000; // a busy machine makes a healthy component slow: that is no reason to restart it

/** Leaves a component that runs as described and answers alone; else starts it, and waits until it answers. */
export async function ensureComponent(component: Component): Promise<void> {
  const mark = markOf(component);
  const running = await instancesOf(component);
  const current = running.find((process) => process.mark === mark);
  if (current && running.length === 1 && (await becomesReady(component, current.pid, settleLimit))) return;
  await stopProcesses(running.map((process) => process.pid));
  if (await component.ready()) {
    throw new Error(`something else answers where ${component.name} should: end it, then try again`);
  }
  const pid = await startComponent(component, mark);
  if (await becomesReady(component, pid, startLimit)) return;
  const state = isAlive(pid) ? `does not answer after ${startLimit / 1000} s` : "ended right after its start";
  throw new Error(`${component.name} ${state}; the end of ${logFile(component.name)}:\n${await tail(component.name)}`);
}

export function logFile(component: string): string {
  return join(logFolder, `${component}.log`);
}

/** The processes started as this component; not their children, which inherit its mark. */
async function instancesOf({ name, command }: Component): Promise<ClusterProcess[]> {
  const program = basename(command[0] ?? "");
  const all = await clusterProcesses();
  return all.filter(
    (process) => process.mark.startsWith(`${name}:`) && basename(process.arguments[0] ?? "") === program,
  );
}

/**
 * Every process of the cluster: those that carry its mark, which children inherit, and those in its pods' control
 * groups. Nothing is taken from a file, so that nothing can be out of date.
 */
export async function clusterProcesses(): Promise<ClusterProcess[]> {
  const found: ClusterProcess[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const environment = await readProcessFile(entry, "environ");
    const mark = environment.split("\0").find((variable) => variable.startsWith(`${processMark}=`));
    if (!mark && !(await readProcessFile(entry, "cgroup")).includes(`:/${cgroupName}/`)) continue;
    const commandLine = await readProcessFile(entry, "cmdline");
    found.push({
      pid: Number(entry),
      arguments: commandLine.split("\0").slice(0, -1),
      mark: mark?.slice(processMark.length + 1) ?? "",
    });
  }
  return found;
}

/** Ends processes, first kindly; returns when they are gone. */
export async function stopProcesses(pids: readonly number[], patience = 5_000): Promise<void> {
  if (await signalAndWait(pids, "SIGTERM", patience)) return;
  if (await signalAndWait(pids, "SIGKILL", 10_000)) return;
  throw new Error(`processes ${pids.filter(isAlive).join(", ")} do not end, not even when killed`);
}

function markOf(component: Component): string {
  const environment = JSON.stringify(component.environment ?? {});
  return `${component.name}:${digest(...component.command, environment, ...(component.configuration ?? []))}`;
}

async function startComponent(component: Component, mark: string): Promise<number> {
  await mkdir(logFolder, { recursive: true });
  const log = openSync(logFile(component.name), "a");
  const [program = "", ...args] = component.command;
  const child = spawn(program, args, {
    cwd: "/",
    detached: true,
    stdio: ["ignore", log, log],
    env: { PATH: process.env.PATH, HOME: "/root", ...component.environment, [processMark]: mark },
  });
  closeSync(log);
  const failed = new Promise<never>((_, fail) => child.on("error", fail));
  const pid = await Promise.race([
    failed,
    new Promise<number>((done) => child.on("spawn", () => done(child.pid ?? 0))),
  ]);
  child.unref();
  return pid;
}

async function becomesReady(component: Component, pid: number, limit: number): Promise<boolean> {
  const end = Date.now() + limit;
  while (isAlive(pid)) {
    if ((await component.ready()) && isAlive(pid)) return true;
    if (Date.now() > end) return false;
    await sleep(100);
  }
  return false;
}

async function signalAndWait(pids: readonly number[], signal: NodeJS.Signals, patience: number): Promise<boolean> {
  for (const pid of pids) send(pid, signal);
  const end = Date.now() + patience;
  while (pids.some(isAlive)) {
    if (Date.now() > end) return false;
    await sleep(50);
  }
  return true;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // it has ended meanwhile
  }
}

/** A zombie counts as ended: its parent may be a start that was killed, and it holds nothing any more. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function tail(component: string): Promise<string> {
  const text = await readFile(logFile(component), "utf8").catch(() => "(no log)");
  return text.trimEnd().split("\n").slice(-20).join("\n");
}

/** Processes come and go while they are listed: one that is gone reads as empty. */
function readProcessFile(pid: string, file: string): Promise<string> {
  return readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
}
