import { registerHooks, syncBuiltinESMExports } from "node:module";
import os from "node:os";

/**
 * Preloaded into a process of ours (`node --import`): the program itself runs as it is and has no switch for this, but the
 * file system as a store comes from `crashing-filesystem.ts`.
 */
const real = new URL("../../src/storage/filesystem.ts", import.meta.url).href;
const crashing = new URL("./crashing-filesystem.ts", import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    const isWanted = resolved.url === real && context.parentURL !== crashing;
    return isWanted ? { ...resolved, url: crashing } : resolved;
  },
});

// One thread that packs, however many cores there are: several would fill packs by chance, and the operations not be the same each time.
os.availableParallelism = () => 2;
syncBuiltinESMExports();
