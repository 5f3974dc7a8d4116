import { createHash, randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { differencesBetween, eachWay, mover, newestReferee, waysOf } from "../support/both-ways.ts";
import { entryStates } from "../support/folder-state.ts";
import { makeLongPath } from "../support/long-path.ts";
import { reportSection } from "../support/report.ts";
import { filePlace } from "../support/repository-place.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";
import { makeSparse } from "../support/sparse-file.ts";

// Trees that are deeper than a path may be long, folders with very many entries, and very many files.

const isLong = process.env.HOLDFAST_TEST_LONG === "1";
const minutes = isLong ? 180 : 10;

let scratch: Scratch;
let source: string;
beforeAll(() => {
  scratch = makeScratch();
  source = scratch.path("source");
  mkdirSync(source);
});
afterAll(() => scratch?.remove());

const newest = await newestReferee();
const ways = waysOf([newest]);
const report = reportSection({
  name: "deep-and-wide",
  title: "Deep and wide trees, large files",
  text: "Compared as above. Restic cannot reach a path that is longer than 4,096 bytes; it lists and hands out what we stored there.",
  columns: ["tree", ...ways],
});

describe("A tree that is deeper than a path may be long", () => {
  it("comes back whole, and restic reads it", async () => {
    const paths = [makeLongPath(join(source), 9000)];
    // Many short names make more folders than are held open.
    const chain = Array.from({ length: 600 }, (_, depth) => `depth-${depth}`);
    mkdirSync(join(source, ...chain.slice(0, 300)), { recursive: true });
    paths.push(`/${chain.slice(0, 300).join("/")}${makeLongPath(join(source, ...chain.slice(0, 300)), 3000)}`);
    expect(paths.every((path) => path.length > 4096 || path.includes("depth-299"))).toBe(true);

    const place = filePlace(scratch, newest.binary);
    await mover(place, ["backup", "--source", source]);
    const target = scratch.path("deep");
    await mover(place, ["restore", "--target", target, "--verify"]);
    expect(differencesBetween(entryStates(source), entryStates(target))).toEqual([]);

    await place.restic.check();
    const listed = await place.restic.run("ls", "latest");
    for (const path of paths) {
      expect(listed).toContain(`${source}${path}\n`);
      expect(await place.restic.run("dump", "latest", `${source}${path}`)).toBe("at the end of a long path");
    }
    report.row("paths of 9,000 bytes", "the same", "listed and dumped", "restic cannot");
  });
});

const oneFolder = (folder: string): void => {
  for (let at = 0; at < 100_000; at++) writeFileSync(`${folder}/entry ${at}`, at % 5 === 0 ? `content ${at}` : "");
};

const manyFiles = (folder: string): void => {
  const folders = isLong ? 1000 : 20;
  for (let at = 0; at < folders; at++) {
    mkdirSync(`${folder}/${at}`);
    for (let file = 0; file < 1000; file++) writeFileSync(`${folder}/${at}/${file}`, contentOf(at, file));
  }
};
const contentOf = (folder: number, file: number): string =>
  createHash("sha256")
    .update(`${folder}/${file}`)
    .digest("hex")
    .repeat(1 + (file % 20));

const largeFile = (folder: string): void => {
  const size = 2 ** 32 + 9000;
  if (isLong) writeRandom(`${folder}/file`, size);
  else makeSparse(`${folder}/file`, size, [0, 2 ** 31 - 10, 2 ** 32 - 100, 2 ** 32 + 4000]);
};

const writeRandom = (path: string, size: number): void => {
  const piece = 64 * 1024 * 1024;
  const file = openSync(path, "w");
  for (let at = 0; at < size; at += piece) writeSync(file, randomBytes(Math.min(piece, size - at)));
  closeSync(file);
};

const cases: readonly { readonly name: string; readonly make: (folder: string) => void }[] = [
  { name: "one folder of 100,000 entries, a fifth of them files with content", make: oneFolder },
  {
    name: "a file of 4 GiB and 9,000 bytes, sparse, with data around 2 and 4 GiB (in `make test-long` full of data)",
    make: largeFile,
  },
  { name: "tens of thousands of small files (a million in `make test-long`)", make: manyFiles },
];

describe.each(cases)("$name", ({ name, make }) => {
  it(
    "comes back in every way",
    async () => {
      // The long ones would take more memory than a machine has.
      const own = makeScratch({ inMemory: !isLong });
      try {
        const folder = own.path("source");
        mkdirSync(folder);
        make(folder);
        const expected = entryStates(folder);
        const seen: string[] = [];
        await eachWay({
          scratch: own,
          source: folder,
          referees: [newest],
          onRestored(way, restored) {
            expect(differencesBetween(expected, entryStates(restored)).slice(0, 10), way).toEqual([]);
            rmSync(restored, { recursive: true });
            seen.push(way);
          },
        });
        expect(seen).toEqual(ways);
        report.row(name, ...ways.map(() => "the same"));
      } finally {
        own.remove();
      }
    },
    minutes * 60_000,
  );
});
