import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Plugin, rolldown } from "rolldown";
import { builtins } from "./builtins.ts";

/**
 * Bundles the program into `build/program/`, which is what the image and `bin/holdfast` run: a short run loads thirty files instead of
 * some hundreds, and of the packages only what it uses. Names stay readable, for the sake of stack traces.
 */

const root = fileURLToPath(new URL("../", import.meta.url));
const program = resolve(root, "build/program");
// As deep as the program itself: it refers to files beside its folder.
const unfinished = `${program}.${process.pid}.new`;
const old = `${program}.${process.pid}.old`;

/** What a module finds by its own address stays where it is, and is found by the bundle's; where that is a module (a thread's program), it is bundled. */
const addresses: Plugin = {
  name: "addresses",
  transform: {
    filter: { code: /new URL\(/ },
    handler(code, id) {
      return code.replaceAll(/new URL\("([^"]+)", import\.meta\.url\)/g, (_, path: string) => {
        const file = resolve(dirname(id), path);
        if (!path.endsWith(".ts")) return `new URL(${JSON.stringify(relative(program, file))}, import.meta.url)`;
        return `new URL(import.meta.ROLLUP_FILE_URL_${this.emitFile({ type: "chunk", id: file })})`;
      });
    },
  },
};

try {
  await using bundle = await rolldown({
    input: resolve(root, "src/main.ts"),
    platform: "node",
    // Packages as modules where they offer them: of the S3 client, only what is used.
    resolve: { mainFields: ["module", "main"] },
    // Loads a library for this machine, from its own folder.
    external: ["koffi"],
    plugins: [addresses, builtins],
  });
  await bundle.write({ dir: unfinished });
  // Who starts meanwhile finds no program for an instant, but never half of one.
  if (existsSync(program)) await rename(program, old);
  await rename(unfinished, program);
} finally {
  for (const folder of [unfinished, old]) await rm(folder, { recursive: true, force: true });
}
