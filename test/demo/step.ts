import { execFileSync } from "node:child_process";

const start = performance.now();

/** Prints a numbered headline with the time since the start. */
let number = 0;
export function headline(text: string): void {
  number += 1;
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(`\n\x1b[1m${number}. ${text}\x1b[0m  (${seconds} s)`);
}

/** Runs a command, shows it as a person would type it, and its output. */
export function show(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
  console.log(`\x1b[2m$ ${[program, ...args].map(quote).join(" ")}\x1b[0m`);
  execFileSync(program, args, { stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, ...env } });
}

/** Runs a command without showing it; returns what it printed. */
export function read(program: string, args: readonly string[], input?: string, env: NodeJS.ProcessEnv = {}): string {
  return execFileSync(program, args, {
    encoding: "utf8",
    input,
    env: { ...process.env, ...env },
    maxBuffer: 64 << 20,
    stdio: ["pipe", "pipe", "pipe"],
  });
}

/**
 * Asks again each second until `answer` is defined, with what is being waited for and the newest state on one line.
 * Throws after `minutes`.
 */
export async function waitFor<T>(what: string, minutes: number, answer: () => { done?: T; state: string }): Promise<T> {
  const begin = performance.now();
  let last = "";
  for (;;) {
    const { done, state } = answer();
    const seconds = Math.round((performance.now() - begin) / 1000);
    if (done !== undefined) {
      console.log(`   ${what}: ${state}  (${seconds} s)`);
      return done;
    }
    if (state !== last || seconds % 20 === 19) console.log(`   ${what}: ${state}  (${seconds} s)`);
    last = state;
    if (seconds > minutes * 60) throw new Error(`waited ${minutes} minutes for ${what}; it is still: ${state}`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

const quote = (text: string) =>
  /^[A-Za-z0-9_\-./:=,@{}[\]]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
