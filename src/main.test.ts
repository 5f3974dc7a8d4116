import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { main } from "../test/support/holdfast.ts";

/** What Node says about its cache while the program shows its help. */
const start = (): string => {
  const words = ["-c", '"$0" "$@" 2>&1', process.execPath, main, "mover", "backup", "--help"];
  return execFileSync("sh", words, { encoding: "utf8", env: { ...process.env, NODE_DEBUG_NATIVE: "COMPILE_CACHE" } });
};

it("does not compile again what a start before it has compiled", () => {
  start();
  const said = start();
  expect(said).toContain("--source");
  for (const loaded of ["commander", "command", "backup"]) {
    expect(said).toMatch(new RegExp(`code cache for \\w+ file://\\S+/${loaded}(-[^/]+)?[.]js was accepted`));
  }
});
