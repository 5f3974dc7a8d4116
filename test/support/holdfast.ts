import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";

export const checkout = resolve(import.meta.dirname, "../..");
/** What ships: the bundle, which `build.ts` makes before the first test. */
export const main = join(checkout, "build/program/main.js");
/** The same as its modules, for which others may stand in. */
export const mainModule = join(checkout, "src/main.ts");

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The last line of standard output, as JSON. */
  result<T = Record<string, unknown>>(): T;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly password?: string;
  /** As another user; only root can. */
  readonly uid?: number;
  readonly cwd?: string;
  /** What is run; `main` where it is absent. */
  readonly program?: string;
  /** As root within these capabilities, as a pod has them; only root can. */
  readonly capabilities?: readonly string[];
}

/** Runs our program as a process of its own, as people and pods do. Never rejects for its exit code. */
export async function holdfast(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const running = startHoldfast(words, options);
  return running.ended;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ran>;
}

export function startHoldfast(words: readonly string[], options: RunOptions = {}): Running {
  const { environment = {}, password = "test password", uid, cwd, program = main, capabilities } = options;
  const [command = "", ...before] = capabilities ? withCapabilities(capabilities) : [process.execPath];
  const child = spawn(command, [...before, program, ...words], {
    // Nothing on PATH: whatever we read or write, no restic has a hand in it.
    env: { PATH: "", HOLDFAST_PASSWORD: password, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    ...(uid !== undefined && { uid, gid: uid }),
    ...(cwd !== undefined && { cwd }),
  });
  return { process: child, ended: collect(child) };
}

/** Root keeps what the bounding set lets it have. */
const withCapabilities = (capabilities: readonly string[]): string[] => {
  const bounding = ["-all", ...capabilities.map((name) => `+${name.toLowerCase()}`)].join(",");
  return ["/usr/bin/setpriv", "--no-new-privs", `--bounding-set=${bounding}`, "--inh-caps=-all", process.execPath];
};

async function collect(child: ChildProcess): Promise<Ran> {
  const text = { stdout: "", stderr: "" };
  child.stdout?.on("data", (part: Buffer) => {
    text.stdout += part;
  });
  child.stderr?.on("data", (part: Buffer) => {
    text.stderr += part;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return {
    code,
    ...text,
    result: () => {
      const line = text.stdout.trimEnd().split("\n").at(-1) ?? "";
      try {
        return JSON.parse(line);
      } catch {
        throw new Error(`The last line is no JSON: ${line}\n${text.stderr}`);
      }
    },
  };
}
