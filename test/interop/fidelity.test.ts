import { mkdirSync, readdirSync, statSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type BothWays,
  bothWays,
  type Direction,
  differencesBetween,
  directions,
  type States,
} from "../support/both-ways.ts";
import { features, makeFaithfulFolder } from "../support/faithful-folder.ts";
import { entryStates } from "../support/folder-state.ts";
import { reportSection } from "../support/report.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";

// Everything that can be said of a file, backed up and restored by us and by restic, each way, and compared attribute by
// attribute by tools of neither.

type Excuse = readonly [differences: RegExp, note: string];

/** What restic leaves out or changes. A newer one may do without: then there is no difference. */
const noSockets: Excuse = [/^\/sockets\/socket is missing$/, "restic leaves them out"];
const asText: Excuse = [/has -> .*ï¿½/, "older restic replaces the bytes by �"];
const excused: Readonly<Record<string, Partial<Record<Direction, Excuse>>>> = {
  sockets: { "Holdfast → restic": noSockets, "restic → Holdfast": noSockets },
  "symbolic links whose target is not UTF-8": { "Holdfast → restic": asText, "restic → Holdfast": asText },
};

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
are one file, and that nothing is missing and nothing too many. The judges are \`lstat\` and \`getfattr\`.`,
  columns: ["feature", "examples", ...directions],
});

beforeAll(async () => {
  scratch = makeScratch();
  source = scratch.path("source");
  mkdirSync(source);
  makeFaithfulFolder(source);
  expected = entryStates(source);
  outcome = await bothWays(scratch, source);
}, 600_000);
afterAll(() => scratch?.remove());

describe.each(features)("$name", ({ name, examples }) => {
  it("comes back in all three ways", () => {
    const notes = directions.map((direction) => {
      const differences = differencesBetween(below(name, expected), below(name, outcome.states[direction]));
      const [pattern, note] = excused[name]?.[direction] ?? [];
      expect
        .soft(
          differences.filter((difference) => !pattern?.test(difference)),
          direction,
        )
        .toEqual([]);
      return note ?? "the same";
    });
    expect(Object.keys(below(name, expected)).length).toBeGreaterThan(1);
    report.row(name, examples, ...notes);
  });
});

it("holes come back as holes, and are not read", () => {
  const sizes = (folder: string) => {
    const paths = ["over 4 GiB/file", ...readdirSync(`${source}/holes`).map((name) => `holes/${name}`)];
    return paths.map((path) => ({ path, allocated: statSync(`${folder}/${path}`).blocks * 512 }));
  };
  const wanted = sizes(source);
  for (const direction of ["Holdfast → Holdfast", "restic → Holdfast"] as const) {
    for (const [at, { path, allocated }] of sizes(outcome.folders[direction]).entries()) {
      expect(allocated, `${direction}: ${path}`).toBeLessThanOrEqual(wanted[at]?.allocated ?? 0);
    }
  }
  expect(outcome.bytesRead).toBeLessThan(100_000_000);
  report.row(
    "holes as holes",
    "not more blocks than before; none of them read by a backup",
    "the same",
    "not asked",
    "the same",
  );
});

const below = (name: string, states: States): States =>
  Object.fromEntries(Object.entries(states).filter(([path]) => path === `/${name}` || path.startsWith(`/${name}/`)));
