import { describe, expect, it, test } from "vitest";
import { cacheMarker, markerOf } from "./markers.ts";
import { type SelectionRules, selectionBy } from "./selection.ts";

interface Subject {
  readonly relative: string;
  readonly isFolder?: boolean;
  readonly size?: number;
}

/** `whole`, `passage`, or the rule that left it out. */
function verdictOn({ relative, isFolder = false, size = 0 }: Subject, rules: Partial<SelectionRules>, markers = [""]) {
  const selection = selectionBy({ excludes: [], ...rules });
  const name = Buffer.from(relative.split("/").at(-1) ?? "");
  const present = [cacheMarker, markerOf(".nobackup")].filter((marker) => markers.includes(marker.name.toString()));
  const within = { part: selection.root, markers: present };
  const verdict = selection.judge({ name, relative, isFolder, size }, within);
  return verdict.leftOutBy ?? (verdict.part.isWhole ? "whole" : "passage");
}

test.each<[string, Subject, Partial<SelectionRules>, string]>([
  ["takes everything without rules", { relative: "a" }, {}, "whole"],
  ["names the glob", { relative: "a.tmp" }, { excludes: ["b", "*.tmp"] }, "*.tmp"],
  ["takes what is as long as the limit", { relative: "a", size: 10 }, { excludeLargerThan: 10 }, "whole"],
  ["leaves out what is longer", { relative: "a", size: 11 }, { excludeLargerThan: 10 }, "--exclude-larger-than 10"],
  ["leaves out what is not empty", { relative: "a", size: 1 }, { excludeLargerThan: 0 }, "--exclude-larger-than 0"],
  ["does not measure folders", { relative: "a", isFolder: true, size: 11 }, { excludeLargerThan: 10 }, "whole"],
  ["takes what is included", { relative: "a/b" }, { includes: ["/a/b"] }, "whole"],
  ["goes through folders on the way", { relative: "a", isFolder: true }, { includes: ["/a/b"] }, "passage"],
  [
    "leaves out the rest",
    { relative: "b", isFolder: true },
    { includes: ["/a/b", "/c"] },
    "--include /a/b --include /c",
  ],
  ["looks in every folder for a glob", { relative: "b/c", isFolder: true }, { includes: ["*.db"] }, "passage"],
  ["excludes before it includes", { relative: "a" }, { excludes: ["a"], includes: ["a"] }, "a"],
])("%s", (_, subject, rules, expected) => {
  expect(verdictOn(subject, rules)).toBe(expected);
});

describe("a marker", () => {
  it("takes what lies beside it out, and stays itself", () => {
    expect(verdictOn({ relative: "c/x" }, {}, [".nobackup"])).toBe("--exclude-if-present .nobackup");
    expect(verdictOn({ relative: "c/.nobackup" }, {}, [".nobackup"])).toBe("whole");
  });

  it("goes where another one lies beside it, as with restic", () => {
    const both = [".nobackup", "CACHEDIR.TAG"];
    expect(verdictOn({ relative: "c/.nobackup" }, {}, both)).toBe("--exclude-caches");
    expect(verdictOn({ relative: "c/CACHEDIR.TAG" }, {}, both)).toBe("--exclude-if-present .nobackup");
  });

  it.each(["", "a/b", ":beginning"])("is refused where it names no file: «%s»", (text) => {
    expect(() => markerOf(text)).toThrow("names no file");
  });
});

it("is written into the snapshot as the flags that say it", () => {
  const rules = {
    excludes: ["*.tmp"],
    excludeCaches: true,
    excludeIfPresent: ["tag:begins"],
    excludeLargerThan: 5,
    includes: ["/a"],
  };
  expect(selectionBy(rules).rules).toEqual([
    "*.tmp",
    "--exclude-caches",
    "--exclude-if-present tag:begins",
    "--exclude-larger-than 5",
    "--include /a",
  ]);
});
