import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterEach, expect, it, test, vi } from "vitest";
import { shortLived } from "./short-lived.ts";

const MiB = 1024 * 1024;
const root = new URL("../../", import.meta.url);

afterEach(() => vi.unstubAllGlobals());

it("collects the young ones each 4 MiB, and not for each piece", () => {
  const collect = vi.fn();
  vi.stubGlobal("gc", collect);
  for (let piece = 0; piece < 63; piece++) shortLived(MiB / 16);
  expect(collect).not.toHaveBeenCalled();
  shortLived(MiB / 16);
  expect(collect.mock.calls).toEqual([[{ type: "minor" }]]);
  shortLived(3 * MiB);
  expect(collect).toHaveBeenCalledTimes(1);
  shortLived(3 * MiB);
  expect(collect).toHaveBeenCalledTimes(2);
});

it("does without where nobody can be asked", () => {
  vi.stubGlobal("gc", undefined);
  expect(() => shortLived(9 * MiB)).not.toThrow();
});

const program =
  "const { Worker } = require('node:worker_threads'); console.log(typeof gc); new Worker('console.log(typeof gc)', { eval: true })";

test.each([
  ["the image", "Dockerfile", /NODE_OPTIONS="([^"]+)"/],
  ["bin/holdfast", "bin/holdfast", /exec "\$node" (.+) "\$program"/],
])("this Node takes the flags of %s, and may be asked then", (_, file, flags) => {
  const [, options = ""] = flags.exec(readFileSync(new URL(file, root), "utf8")) ?? [];
  const environment = { ...process.env, NODE_OPTIONS: options };
  const said = execFileSync(process.execPath, ["-e", program], { env: environment, encoding: "utf8" });
  expect(said.split("\n").filter(Boolean)).toEqual(["function", "function"]);
});
