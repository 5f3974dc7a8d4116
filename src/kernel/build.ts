import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { kernelFile } from "./location.ts";

/** Compiles `assembly/` to `build/kernel.wasm`, unless it was already compiled from the same sources by the same compiler. */

const sourceFolder = new URL("./assembly/", import.meta.url);
const stampFile = new URL("kernel.source", kernelFile);

const options = ["--optimizeLevel", "3", "--shrinkLevel", "0", "--converge", "--noAssert", "--runtime", "stub"];

async function sourceStamp(): Promise<string> {
  const hash = createHash("sha256");
  const compiler = createRequire(import.meta.url)("assemblyscript/package.json") as { version: string };
  hash.update(JSON.stringify([compiler.version, options]));
  for (const name of (await readdir(sourceFolder)).sort()) {
    hash.update(JSON.stringify([name, await readFile(new URL(name, sourceFolder), "utf8")]));
  }
  return hash.digest("hex");
}

const readOrEmpty = (file: URL): Promise<Buffer> => readFile(file).catch(() => Buffer.alloc(0));

/** The compiler runs as a command: importing it would bring its own global types into the whole project. */
async function compile(output: URL): Promise<void> {
  const compiler = fileURLToPath(import.meta.resolve("assemblyscript/bin/asc.js"));
  const entry = fileURLToPath(new URL("index.ts", sourceFolder));
  await promisify(execFile)(process.execPath, [compiler, entry, "--outFile", fileURLToPath(output), ...options]);
}

const stamp = await sourceStamp();
const upToDate = (await readOrEmpty(stampFile)).toString() === stamp && (await readOrEmpty(kernelFile)).length > 0;
if (!upToDate) {
  await mkdir(new URL(".", kernelFile), { recursive: true });
  // Another build may run at the same time: readers see the old file or the new one, never half of one.
  const unfinished = new URL(`kernel.${process.pid}.wasm`, kernelFile);
  await compile(unfinished);
  await rename(unfinished, kernelFile);
  await writeFile(stampFile, stamp);
}
