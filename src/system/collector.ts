import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * What the engine's collector of memory has to be told. No flag of it is set on the command line or while the program loads: under any but
 * its own Node compiles its modules at each start, and in each thread, instead of taking them as they come compiled.
 */

/**
 * Has memory outside of the heap be a reason to look through all objects only together with them, and not by itself every few dozen MiB. To be called
 * when what the program needs is loaded, and before its heap has grown: what it is allowed to hold is decided when it is looked through first.
 */
export function tuneCollector(): void {
  setFlagsFromString("--external-memory-accounted-in-global-limit");
}

/** So much short-lived memory may wait to be collected. */
const most = 4 * 1024 * 1024;

let waiting = 0;
let collect: typeof globalThis.gc;

/**
 * To be told of bytes that somebody else's code has allocated for a moment, outside of the heap, and that nobody needs any more. The engine, which sees
 * small objects only, lets some 64 MiB of them pile up otherwise.
 */
export function shortLived(bytes: number): void {
  waiting += bytes;
  if (waiting < most) return;
  waiting = 0;
  collect ??= askForCollector();
  collect?.({ type: "minor" });
}

/** The engine shows it to a context that is made while the flag is set. */
function askForCollector(): typeof globalThis.gc {
  setFlagsFromString("--expose-gc");
  try {
    return runInNewContext("gc");
  } finally {
    setFlagsFromString("--no-expose-gc");
  }
}
