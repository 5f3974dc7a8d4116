import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { symlinkSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import {
  getAttribute,
  isKeptAttribute,
  listAttributes,
  readAttributes,
  removeAttribute,
  setAttribute,
} from "./attributes.ts";

let scratch: Scratch;
let path: Buffer;
beforeEach(() => {
  scratch = makeScratch();
  path = Buffer.from(scratch.path("file"));
  writeFileSync(path, "x");
});
afterEach(() => scratch.remove());

describe("attributes", () => {
  it("are read as they were set: text, bytes, nothing at all, three kilobytes", () => {
    const attributes = [
      { name: "user.text", value: Buffer.from("naïve") },
      { name: "user.bytes", value: Buffer.of(0, 255, 10) },
      { name: "user.empty", value: Buffer.alloc(0) },
      { name: "user.long", value: randomBytes(3000) },
    ];
    for (const { name, value } of attributes) setAttribute(path, name, value);
    const read = readAttributes(path);
    expect(read.problem).toBeUndefined();
    expect([...read.attributes].sort((a, b) => a.name.localeCompare(b.name))).toEqual(
      [...attributes].sort((a, b) => a.name.localeCompare(b.name)),
    );
    removeAttribute(path, "user.text");
    removeAttribute(path, "user.text");
    expect(getAttribute(path, "user.text")).toBeUndefined();
    expect(listAttributes(path)).toHaveLength(3);
  });

  it("are all listed where their names take kilobytes", () => {
    const names = Array.from({ length: 12 }, (_, number) => `user.${number}${"x".repeat(200)}`);
    for (const name of names) setAttribute(path, name, Buffer.of(1));
    expect([...listAttributes(path)].sort()).toEqual(names.toSorted());
  });

  it("of a link are not those of what it points to", () => {
    setAttribute(path, "user.x", Buffer.from("y"));
    symlinkSync("file", scratch.path("link"));
    expect(readAttributes(Buffer.from(scratch.path("link")))).toEqual({ attributes: [] });
  });

  it("with names that a repository cannot hold are a problem, and so is a file that is gone", () => {
    execFileSync("bash", ["-c", "setfattr -n $'user.\\xff' \"$0\"", `${path}`]);
    expect(readAttributes(path).problem).toMatch(/could not be listed: EILSEQ: .*not UTF-8 \(user\.�\)/);
    expect(readAttributes(Buffer.from(scratch.path("gone"))).problem).toMatch(/could not be listed: ENOENT/);
  });

  it("cannot be set by a name that C would read differently", () => {
    expect(() => setAttribute(path, "user.x\0y", Buffer.alloc(0))).toThrow("cannot be named");
    expect(listAttributes(path)).toEqual([]);
  });

  it.each([
    ["user.x", true],
    ["security.capability", true],
    ["system.posix_acl_default", true],
    ["security.selinux", false],
    ["trusted.overlay.opaque", false],
  ])("%s is backed up: %s", (name, isKept) => expect(isKeptAttribute(name)).toBe(isKept));
});
