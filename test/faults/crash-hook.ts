import { registerHooks, syncBuiltinESMExports } from "node:module";
import os from "node:os";

/**
 * Preloaded into a process of ours (`node --import`): the program itself runs as it is and has no switch for this, but some of its
 * modules have others standing in for them.
 */
const urlOf = (path: string): string => new URL(path, import.meta.url).href;
const standIns = new Map([
  [urlOf("../../src/storage/filesystem.ts"), urlOf("./crashing-filesystem.ts")],
  [urlOf("../../src/repository/packing-pool.ts"), urlOf("./packing-in-thread.ts")],
]);

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    const standIn = standIns.get(resolved.url);
    return standIn && context.parentURL !== standIn ? { ...resolved, url: standIn } : resolved;
  },
});

// One thread that packs, and it alone: several hands would fill packs by chance, and the operations not be the same each time.
os.availableParallelism = () => 2;
syncBuiltinESMExports();
