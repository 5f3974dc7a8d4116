import { readFileSync, readlinkSync } from "node:fs";
import { z } from "zod";
import { goQuote } from "./go-quote.ts";
import { formatTime, parseTime } from "./time.ts";
import type { Id } from "./types.ts";
import { currentUser } from "./user.ts";

/** The content of restic's lock files. `process` is ours: restic ignores fields it does not know. */
const lockDocument = z.looseObject({
  time: z.string(),
  exclusive: z.boolean(),
  hostname: z.string().default(""),
  username: z.string().default(""),
  pid: z.number().default(0),
  process: z.object({ boot: z.string(), namespace: z.string(), started: z.string() }).optional().catch(undefined),
});

export interface Lock {
  readonly id: Id;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly exclusive: boolean;
  readonly hostname: string;
  readonly pid: number;
  readonly process?: ProcessIdentity | undefined;
}

/** What tells a process from every other one on this kernel, even from later ones with its number. */
export interface ProcessIdentity {
  readonly boot: string;
  readonly namespace: string;
  readonly started: string;
}

/** Undefined where `document` is no lock. */
export function decodeLock(id: Id, document: unknown): Lock | undefined {
  const parsed = lockDocument.safeParse(document);
  const time = parsed.success ? parseTime(parsed.data.time) : undefined;
  if (!parsed.success || time === undefined) return undefined;
  const { exclusive, hostname, pid, process } = parsed.data;
  return { id, time: Number(time / 1_000_000n), exclusive, hostname, pid, process };
}

export interface NewLock {
  readonly exclusive: boolean;
  readonly hostname: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function encodeLock({ exclusive, hostname, now }: NewLock): unknown {
  const user = currentUser();
  return {
    time: formatTime(BigInt(now) * 1_000_000n),
    exclusive,
    hostname,
    username: user.username,
    pid: process.pid,
    ...(user.uid > 0 && { uid: user.uid }),
    ...(user.gid > 0 && { gid: user.gid }),
    process: processIdentity(process.pid),
  };
}

/** Whether the system knows of no such process, also where it hides those of other users. */
export function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** Undefined where the system does not tell, or there is no such process. */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  try {
    return {
      boot: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
      namespace: readlinkSync("/proc/self/ns/pid"),
      started: startTime(readFileSync(`/proc/${pid}/stat`, "utf8")),
    };
  } catch {
    return undefined;
  }
}

/** Field 22 of proc(5)'s `stat`; the second field is a name in parentheses that may hold anything. */
const startTime = (stat: string): string => stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";

/** For messages. */
export const describeLock = (lock: Lock, now: number): string => {
  const minutes = Math.max(0, Math.round((now - lock.time) / 60_000));
  const kind = lock.exclusive ? "exclusive lock" : "lock";
  return `the ${kind} of ${goQuote(Buffer.from(lock.hostname))} (process ${lock.pid}), ${minutes} minutes old`;
};
