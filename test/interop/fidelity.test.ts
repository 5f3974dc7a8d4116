import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type BothWays,
  bothWays,
  differencesBetween,
  newestReferee,
  type States,
  systemRestic,
  waysOf,
} from "../support/both-ways.ts";
import {
  type Excuse,
  excusedOfAll,
  features,
  makeFaithfulFolder,
  timedEntries,
  times,
} from "../support/faithful-folder.ts";
import { entryStates } from "../support/folder-state.ts";
import { reportSection } from "../support/report.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";

// Everything that can be said of a file, backed up and restored by us and by restic, each way, and compared attribute by
// attribute by tools of neither.

/** What restic leaves out or changes. The system's own may be of any age: what some of them cannot is said of all. */
const excused: Readonly<Record<string, Excuse>> = {
  sockets: [/^\/sockets\/socket is missing$/, "restic leaves them out"],
  "symbolic links whose target is not UTF-8": [/has -> .*ï¿½/, "older restic replaces the bytes by �"],
};

const newest = await newestReferee();
const ways = waysOf([systemRestic, newest]);

let scratch: Scratch;
let source: string;
let expected: States;
let outcome: BothWays;

const report = reportSection({
  name: "fidelity",
  title: "Fidelity: what comes back",
  text: `
Each row is a folder of examples. It was backed up and restored, by whom the column says, and every entry was then compared: type and
mode, owner, time of modification to the nanosecond, size, content, link target, device number, every extended attribute, which names
are one file, and that nothing is missing and nothing too many. The judges are \`lstat\` and \`getfattr\`. «restic» is the system's, which
may be of any age, «newest restic» the one that \`test/interop/restic/go.mod\` names.`,
  columns: ["feature", "examples", ...ways],
});

beforeAll(async () => {
  scratch = makeScratch();
  source = scratch.path("source");
  mkdirSync(source);
  makeFaithfulFolder(source);
  expected = entryStates(source);
  outcome = await bothWays(scratch, source, [systemRestic, newest]);
}, 600_000);
afterAll(() => scratch?.remove());

describe.each(features)("$name", ({ name, examples }) => {
  it("comes back in every way", () => {
    const notes = ways.map((way) => {
      const differences = differencesBetween(below(name, expected), below(name, statesOf(way)));
      const excuse = excusedOfAll[name] ?? (way.includes("restic") ? excused[name] : undefined);
      expect
        .soft(
          differences.filter((difference) => !excuse?.[0].test(difference)),
          way,
        )
        .toEqual([]);
      const isSure = way.includes(newest.name) && differences.length === 0;
      return excuse && !isSure ? excuse[1] : "the same";
    });
    expect(Object.keys(below(name, expected)).length).toBeGreaterThan(1);
    report.row(name, examples, ...notes);
  });
});

// Otherwise a file system, or a tool, that cannot keep such times would make both sides equally wrong.
it("times are those that were set, on the source and after each way", () => {
  const expected = Object.entries(times).flatMap(([name, time]) =>
    timedEntries.map((kind) => `${time} ${name}${kind}`),
  );
  const shown = (folder: string): string[] => {
    const names = expected.map((line) => line.slice(timeLength + 1));
    const options = { cwd: `${folder}/times`, encoding: "utf8", env: { ...process.env, TZ: "UTC" } } as const;
    return execFileSync("stat", ["--format=%y %n", ...names], options)
      .trimEnd()
      .split("\n");
  };
  expect(shown(source)).toEqual(expected);
  for (const way of ways) expect(shown(outcome.restored.get(way)?.folder ?? ""), way).toEqual(expected);
});
const timeLength = "1931-02-03 04:05:06.123456789 +0000".length;

it("holes come back as holes, and are not read", () => {
  const sizes = (folder: string) => {
    return readdirSync(`${source}/holes`)
      .map((name) => `holes/${name}`)
      .map((path) => ({ path, allocated: statSync(`${folder}/${path}`).blocks * 512 }));
  };
  const wanted = sizes(source);
  for (const way of ways.filter((each) => each.endsWith("→ Holdfast"))) {
    for (const [at, { path, allocated }] of sizes(outcome.restored.get(way)?.folder ?? "").entries()) {
      expect(allocated, `${way}: ${path}`).toBeLessThanOrEqual(wanted[at]?.allocated ?? 0);
    }
  }
  expect(outcome.bytesRead).toBeLessThan(100_000_000);
  const notes = ways.map((way) => (way.endsWith("→ Holdfast") ? "the same" : "not asked"));
  report.row("holes as holes", "not more blocks than before; none of them read by a backup", ...notes);
});

const statesOf = (way: string): States => outcome.restored.get(way)?.states ?? {};

const below = (name: string, states: States): States =>
  Object.fromEntries(Object.entries(states).filter(([path]) => path === `/${name}` || path.startsWith(`/${name}/`)));
