import { expect, it } from "vitest";
import type { Folder } from "../system/folders.ts";
import { displayPath } from "./display-path.ts";
import { partsOf } from "./find-given.ts";

const root: Folder = { name: Buffer.alloc(0), parent: undefined };
const below = (parent: Folder, name: string | Buffer): Folder => ({ name: Buffer.from(name), parent });

it.each<[string | Buffer, string | Buffer, string]>([
  ["a", "b", "/a/b"],
  ["é", "ü ☃", "/é/ü ☃"],
  ["a\\nb", 'c"d"', '/a\\nb/c"d"'],
  ["a", "b\netc: restored", '"/a/b\\netc: restored"'],
  ["a\r", "b", '"/a\\r/b"'],
  ["a", "\x1b[2Jb", '"/a/\\x1b[2Jb"'],
  ["a", "b\u2028c", '"/a/b\\u2028c"'],
  ["a", "\u202egpj.exe", '"/a/\\u202egpj.exe"'],
  ["a", Buffer.from([0x61, 0xff]), '"/a/a\\xff"'],
  ["a", Buffer.from([0x61, 0xfe]), '"/a/a\\xfe"'],
  ["a", "a\ufffd", "/a/a\ufffd"],
])("shows %j, %j on one line, so that it can be given back", (folder, name, shown) => {
  const display = displayPath(below(root, folder), Buffer.from(name));
  expect(display).toBe(shown);
  expect(partsOf(display)).toEqual([Buffer.from(folder), Buffer.from(name)]);
});

it("shows the target itself", () => {
  expect(displayPath(root)).toBe("/");
});
