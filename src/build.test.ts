import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { checkout, holdfast } from "../test/support/holdfast.ts";
import { makeScratch, type Scratch } from "../test/support/scratch.ts";

let scratch: Scratch;

beforeEach(() => {
  scratch = makeScratch();
});
afterEach(() => scratch.remove());

it("makes a program that needs nothing of the sources, threads included", async () => {
  const installed = scratch.path("installed");
  for (const part of ["build/program", "build/kernel.wasm", "package.json"]) {
    cpSync(join(checkout, part), join(installed, part), { recursive: true });
  }
  mkdirSync(join(installed, "node_modules"));
  for (const library of ["koffi", "@koromix"]) {
    symlinkSync(join(checkout, "node_modules", library), join(installed, "node_modules", library));
  }
  // So much that a check and a restore start threads, too.
  const bytes = randomBytes(136 * 1024 * 1024);
  mkdirSync(scratch.path("source"));
  writeFileSync(scratch.path("source/file"), bytes);

  for (const words of [
    ["backup", "--source", scratch.path("source")],
    ["check", "--read-data"],
    ["restore", "--snapshot", "latest", "--target", scratch.path("restored"), "--verify"],
  ]) {
    const ran = await holdfast(["mover", ...words, "--repository", `file://${scratch.path("repository")}`], {
      program: join(installed, "build/program/main.js"),
    });
    expect(ran.code, ran.stderr).toBe(0);
  }
  expect(readFileSync(scratch.path("restored/file")).equals(bytes)).toBe(true);
});
