import { describe, expect, it } from "vitest";
import { fileNode, folderNode } from "../repository/testing.ts";
import type { TreeNode } from "../repository/types.ts";
import { type FindQuestion, findFilter } from "./find-filter.ts";

const now = Date.parse("2026-11-24T12:00:00Z");
const at = (time: string): bigint => BigInt(Date.parse(time)) * 1_000_000n;
const file = (name: string, fields: Partial<TreeNode> = {}): TreeNode => ({ ...fileNode(name, [], 10), ...fields });

const matches = (question: Partial<FindQuestion>, node: TreeNode, path = "/data/etc/") =>
  findFilter({ patterns: ["*"], ...question }, now).matches(node, path);

describe("findFilter", () => {
  it.each<[readonly string[], string, boolean]>([
    [["*.conf"], "app.conf", true],
    [["*.conf"], "app.conf.bak", false],
    [["*"], ".hidden", true],
    [["a", "b"], "b", true],
    [["etc/*.conf"], "app.conf", true],
    [["data/*.conf"], "app.conf", false],
    [["/data/**"], "app.conf", true],
    [["/etc/**"], "app.conf", false],
    [["!(x)"], "y", false],
    [["[ab].conf"], "b.conf", true],
    [["APP.*"], "app.conf", false],
  ])("%j on /data/etc/%s: %s", (patterns, name, expected) => {
    expect(matches({ patterns }, file(name))).toBe(expected);
  });

  it("takes the whole path for an end of it, too", () => {
    expect(matches({ patterns: ["data/*.conf"] }, file("app.conf"), "/data/")).toBe(true);
    expect(matches({ patterns: ["ata/*.conf"] }, file("app.conf"), "/data/")).toBe(false);
  });

  it("ignores case where it is told to", () => {
    expect(matches({ patterns: ["APP.*"], ignoreCase: true }, file("app.conf"))).toBe(true);
  });

  it.each(["\n", "\r", "\u2028", "\u2029"])("finds what holds %j in its folder or name", (end) => {
    const folder = `/data/a${end}b/`;
    for (const ignoreCase of [false, true]) {
      for (const pattern of ["/data/**", "data/**/*.conf", `a${end}b/app*`, "**/*.conf"]) {
        expect(matches({ patterns: [pattern], ignoreCase }, file("app.conf"), folder)).toBe(true);
        expect(matches({ patterns: [pattern], ignoreCase }, file(`app${end}.conf`), folder)).toBe(true);
      }
      expect(matches({ patterns: ["*.conf"], ignoreCase }, file(`app${end}.conf`), folder)).toBe(true);
      expect(matches({ patterns: ["DATA/**"], ignoreCase }, file("app.conf"), folder)).toBe(ignoreCase);
    }
  });

  it.each<[Partial<FindQuestion>, Partial<TreeNode>, boolean]>([
    [{ type: "f" }, {}, true],
    [{ type: "dir" }, {}, false],
    [{ newer: "2026-11-24" }, { mtime: at("2026-11-24T00:00:00Z") }, true],
    [{ newer: "2026-11-24" }, { mtime: at("2026-11-24T00:00:00Z") - 1n }, false],
    [{ older: "2026-11-24T08:00:00+02:00" }, { mtime: at("2026-11-24T06:00:00Z") }, true],
    [{ older: "2026-11-24T08:00:00+02:00" }, { mtime: at("2026-11-24T06:00:00Z") + 1n }, false],
    [{ newer: "36h" }, { mtime: at("2026-11-23T00:00:00Z") }, true],
    [{ newer: "36h" }, { mtime: at("2026-11-22T23:59:59Z") }, false],
    [{ larger: "1K" }, { size: 1024 }, true],
    [{ larger: "1.5KiB" }, { size: 1535 }, false],
    [{ smaller: "2G" }, { size: 2 ** 31 }, true],
    [{ smaller: "2g" }, { size: 2 ** 31 + 1 }, false],
  ])("%j of %o: %s", (question, fields, expected) => {
    expect(matches(question, file("a", fields))).toBe(expected);
  });

  it("asks for the size of files only", () => {
    expect(matches({ smaller: "1G" }, folderNode("a", "0".repeat(64)))).toBe(false);
  });

  it.each<[Partial<FindQuestion>, RegExp]>([
    [{ type: "x" }, /--type takes one of f \(file\)/],
    [{ newer: "yesterday" }, /--newer takes a time such as/],
    [{ older: "2026-13-01" }, /--older takes a time such as/],
    [{ larger: "many" }, /--larger takes a size such as/],
  ])("refuses %j", (question, message) => {
    expect(() => findFilter({ patterns: ["*"], ...question }, now)).toThrow(message);
  });
});
