import { spawn } from "node:child_process";
import { jobEnvironment } from "./jobs.ts";

export type RunOptions = {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Text for the program's standard input. */
  readonly input?: string;
  /** Let it run on when this process is killed: half an installation of packages is worse than a whole one. */
  readonly survives?: boolean;
};

export type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Runs a program to its end; a program that cannot be started ends with code 127. */
export function attempt(command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [program = "", ...args] = command;
  return new Promise((done) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.environment, ...(options.survives ? {} : jobEnvironment) },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.stdin.on("error", () => undefined); // the program ended without reading it all
    child.stdin.end(options.input ?? "");
    child.on("error", (error) => done({ code: 127, stdout, stderr: stderr + error.message }));
    child.on("close", (code) => done({ code: code ?? 128, stdout, stderr }));
  });
}

/**
 * Runs a program and returns what it printed.
 * @throws if it fails, with the last lines of its error output
 */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const outcome = await attempt(command, options);
  if (outcome.code === 0) return outcome.stdout;
  const said = (outcome.stderr.trim() || outcome.stdout.trim()).split("\n").slice(-15).join("\n");
  throw new Error(`${command.slice(0, 3).join(" ")} ended with code ${outcome.code}:\n${said}`);
}

export async function succeeds(command: readonly string[], options: RunOptions = {}): Promise<boolean> {
  return (await attempt(command, options)).code === 0;
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
