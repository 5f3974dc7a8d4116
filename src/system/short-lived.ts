import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

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
  collect ??= collector();
  collect?.({ type: "minor" });
}

/**
 * The engine shows its collector to a context that is made while the flag is set. Set for as long as the program runs, it would have
 * Node compile its own modules at each start (its compiled ones are for a program without the flag), and once more in each thread.
 */
function collector(): typeof globalThis.gc {
  setFlagsFromString("--expose-gc");
  try {
    return runInNewContext("gc");
  } finally {
    setFlagsFromString("--no-expose-gc");
  }
}
