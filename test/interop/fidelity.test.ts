import { mkdirSync, readdirSync, statSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { features, makeFaithfulFolder } from "../support/faithful-folder.ts";
import { type EntryState, entryStates } from "../support/folder-state.ts";
import { holdfast, type Ran } from "../support/holdfast.ts";
import { reportSection } from "../support/report.ts";
import { filePlace, type RepositoryPlace } from "../support/repository-place.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";

// Everything that can be said of a file, backed up and restored by us and by restic, each way, and compared attribute by
// attribute by tools of neither.

type States = Record<string, EntryState>;

const directions = ["Holdfast → Holdfast", "Holdfast → restic", "restic → Holdfast"] as const;
type Direction = (typeof directions)[number];

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
let bytesRead: number;
const found = new Map<Direction, States>();

const report = reportSection({
  name: "fidelity",
  title: "Fidelity: what comes back",
  text: `
Each row is a folder of examples. It was backed up and restored, by whom the column says, and every entry was then compared: type and
mode, owner, time of modification to the nanosecond, size, content, link target, device number, every extended attribute, which names
are one file, and that nothing is missing and nothing too many. The judges are \`lstat\` and \`getfattr\`.`,
  columns: ["feature", "examples", ...directions],
});

/** Our mover, with no other program to call. */
async function mover(place: RepositoryPlace, ...[command = "", ...rest]: readonly string[]): Promise<Ran> {
  const environment = { ...place.environment, PATH: "" };
  const words = ["mover", command, "--repository", place.url, ...rest];
  const ran = await holdfast(words, { environment, password: place.password });
  expect(ran.code, `${words.join(" ")}\n${ran.stdout}${ran.stderr}`).toBe(0);
  return ran;
}

beforeAll(async () => {
  scratch = makeScratch();
  source = scratch.path("source");
  mkdirSync(source);
  makeFaithfulFolder(source);
  expected = entryStates(source);

  const ours = filePlace(scratch);
  const backedUp = await mover(ours, "backup", "--source", source, "--json");
  bytesRead = backedUp.result<{ bytesRead: number }>().bytesRead;
  await mover(ours, "restore", "--target", scratch.path("ours"), "--verify");
  found.set("Holdfast → Holdfast", entryStates(scratch.path("ours")));

  const theirs = filePlace(scratch);
  await theirs.restic.run("init", "--repository-version", "2");
  await theirs.restic.run("backup", source);
  await mover(theirs, "restore", "--target", scratch.path("of restic"), "--verify");
  found.set("restic → Holdfast", entryStates(scratch.path("of restic")));

  await ours.restic.check();
  await ours.restic.run("restore", "latest", "--target", scratch.path("by restic"));
  found.set("Holdfast → restic", entryStates(`${scratch.path("by restic")}${source}`));
}, 600_000);
afterAll(() => scratch?.remove());

describe.each(features)("$name", ({ name, examples }) => {
  it("comes back in all three ways", () => {
    const notes = directions.map((direction) => {
      const differences = differencesBetween(below(name, expected), below(name, found.get(direction) ?? {}));
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
  for (const folder of ["ours", "of restic"]) {
    for (const [at, { path, allocated }] of sizes(scratch.path(folder)).entries()) {
      expect(allocated, `${folder}: ${path}`).toBeLessThanOrEqual(wanted[at]?.allocated ?? 0);
    }
  }
  expect(bytesRead).toBeLessThan(100_000_000);
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

function differencesBetween(wanted: States, got: States): string[] {
  const paths = [...new Set([...Object.keys(wanted), ...Object.keys(got)])];
  return paths.flatMap((path) => {
    const [was, is] = [wanted[path], got[path]];
    if (!was || !is) return [`${path} ${was ? "is missing" : "is new"}`];
    return [...new Set([...Object.keys(was), ...Object.keys(is)])]
      .filter((attribute) => was[attribute] !== is[attribute])
      .map((attribute) => `${path} has ${attribute} ${is[attribute]} instead of ${was[attribute]}`);
  });
}
