import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { runInNewContext } from "node:vm";
import { expect, it, test } from "vitest";
import { shortLived } from "./collector.ts";

const MiB = 1024 * 1024;
const root = new URL("../../", import.meta.url);

/** Whether short-lived memory is collected when `bytes` are told of. */
async function collectsAt(bytes: number): Promise<boolean> {
  for (let piece = 0; piece < 16; piece++) Buffer.allocUnsafeSlow(MiB / 16);
  const before = process.memoryUsage().arrayBuffers;
  shortLived(bytes);
  // The memory itself is given back beside the program.
  for (let wait = 0; wait < 50; wait++) {
    if (before - process.memoryUsage().arrayBuffers > 0.9 * MiB) return true;
    await sleep(2);
  }
  return false;
}

it("collects the young ones each 4 MiB, and not for each piece", async () => {
  shortLived(4 * MiB);
  expect(await collectsAt(3 * MiB)).toBe(false);
  expect(await collectsAt(MiB)).toBe(true);
  expect(await collectsAt(4 * MiB - 1)).toBe(false);
  expect(await collectsAt(1)).toBe(true);
});

it("leaves nothing behind of how it asks", () => {
  shortLived(4 * MiB);
  expect(runInNewContext("typeof gc")).toBe("undefined");
});

it("once tuned, does not look through all objects for what is beside the heap", () => {
  const collections = (before: string): number => {
    const beside = "const kept = []; for (let i = 0; i < 20000; i++) kept[i % 3000] = Buffer.allocUnsafeSlow(65536);";
    const words = ["--trace-gc", "--max-semi-space-size=4", "--input-type=module", "-e", `${before} ${beside}`];
    const said = execFileSync(process.execPath, words, { encoding: "utf8" });
    return said.split("Mark-Compact").length - 1;
  };
  const tune = `(await import(${JSON.stringify(new URL("collector.ts", import.meta.url))})).tuneCollector();`;
  expect(collections(tune)).toBeLessThan(collections("") * 0.7);
});

// Node tells only itself which of its modules it had to compile.
const program =
  "const { internalBinding } = require('internal/test/binding'); require('node:https');" +
  "const { compiledWithCache, compiledWithoutCache } = internalBinding('builtins').getCacheUsage();" +
  "console.log(compiledWithCache.size > 0, [...compiledWithoutCache].join())";

test.each([
  ["the image", "Dockerfile", /NODE_OPTIONS=(.+)/],
  ["bin/holdfast", "bin/holdfast", /exec "\$node" (.+) "\$program"/],
])("this Node takes the flags of %s, and still has its own modules compiled", (_, file, flags) => {
  const [, options = ""] = flags.exec(readFileSync(new URL(file, root), "utf8")) ?? [];
  expect(options).toContain("--");
  const words = [...options.split(" "), "--no-warnings", "--expose-internals", "-e", program];
  expect(execFileSync(process.execPath, words, { encoding: "utf8" })).toBe("true \n");
});
