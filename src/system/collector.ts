import { setFlagsFromString } from "node:v8";

/**
 * Has memory outside of the heap be a reason to look through all objects only together with them, and not by itself every few dozen MiB. To be called
 * when what the program needs is loaded: under any flags but its own Node compiles its modules at each start, instead of taking them as they
 * come compiled. And before its heap has grown: what it is allowed to hold is decided when it is looked through first.
 */
export function tuneCollector(): void {
  setFlagsFromString("--external-memory-accounted-in-global-limit");
}
