import { describe, expect, it } from "vitest";
import { partsOf } from "../restore/find-given.ts";
import { folderOf, pathOf, pathOfParts, shownPath } from "./paths.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");

describe("shownPath", () => {
  it.each([
    ["/plain/näme ☃", Buffer.from("/plain/näme ☃"), "/plain/näme ☃"],
    ["a quote", bytes('/a"b'), '/a"b'],
    ["a backslash", bytes("/a\\nb"), "/a\\nb"],
    ["a newline", bytes("/a\nb"), '"/a\\nb"'],
    ["a terminal's command", bytes("/\x1b[31mred"), '"/\\x1b[31mred"'],
    ["a command in one character", Buffer.from("/\u009b31m"), '"/\\u009b31m"'],
    ["a turn of direction", Buffer.from("/\u202egpj.exe"), '"/\\u202egpj.exe"'],
    ["no text", bytes("/not\xff"), '"/not\\xff"'],
    ["no text, with quotes", bytes('/"\\\xff'), '"/\\"\\\\\\xff"'],
  ])("shows %s so that it is harmless and can be given back", (_, path, shown) => {
    expect(shownPath(path)).toBe(shown);
    expect(pathOfParts(partsOf(shown))).toEqual(path);
  });
});

it("pathOf is the reverse of folderOf", () => {
  const folder = folderOf([bytes("a"), bytes("\xff")]);
  expect(pathOf(folder)).toEqual(bytes("/a/\xff"));
  expect(pathOf(folder, bytes("c"))).toEqual(bytes("/a/\xff/c"));
  expect(pathOf(folderOf([]))).toEqual(bytes("/"));
});
