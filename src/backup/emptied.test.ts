import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import { memoryStorage } from "../storage/memory.ts";
import { doubtAboutEmptiness, type EmptyQuestion } from "./emptied.ts";
import { runBackup } from "./run.ts";

// Within one chain it is tested with backups; here it is what a new chain's Full knows of the chains beside it.

let scratch: Scratch;
let source: string;
let volume: ReturnType<typeof memoryStorage>;

beforeAll(() => {
  scratch = makeScratch();
  source = scratch.path("source");
});
afterAll(() => scratch?.remove());
beforeEach(() => {
  volume = memoryStorage();
  rmSync(source, { recursive: true, force: true });
  mkdirSync(source);
});

const fill = () => writeFileSync(join(source, "file"), "content");
const empty = () => rmSync(join(source, "file"));

async function full(chain: string, path = "/data") {
  const location = (url: string) => ({ name: "onprem", repository: { url }, expect: "Any" as const });
  const inventory = { url: "volume", tags: ["policy"], known: {} };
  return runBackup({
    config: {
      source,
      type: "Full",
      hostname: "shop",
      path,
      tags: ["policy"],
      excludes: [],
      targets: [{ ...location(`volume/${chain}`), inventory }],
      lock: { holder: "test", deadHolders: [], waitSeconds: 0 },
    },
    open: ({ url }) => ({ storage: url === "volume" ? volume : volume.below(url.slice(7)), password: "password" }),
  });
}

test("a Full of a volume that had files in the chain before is not called good, until it has some again", async () => {
  fill();
  expect(await full("20260101T000000Z")).toMatchObject({ state: "Good" });
  empty();
  for (const chain of ["20260201T000000Z", "20260202T000000Z"]) {
    expect(await full(chain)).toMatchObject({
      state: "Incomplete",
      reason: "SourceEmpty",
      message: expect.stringMatching(/had 1 files in snapshot \w{8} of the chain 20260101T000000Z.*put a file into it/),
    });
  }
  fill();
  expect(await full("20260203T000000Z")).toMatchObject({ state: "Good" });
});

test("one of a volume that was empty before is, also where it had files long ago, and that of another volume", async () => {
  expect(await full("20260101T000000Z")).toMatchObject({ state: "Good" });
  expect(await full("20260102T000000Z")).toMatchObject({ state: "Good" });
  fill();
  await full("20260103T000000Z");
  empty();
  expect(await full("20260104T000000Z", "/other")).toMatchObject({ state: "Good" });
});

test("one of an empty volume whose earlier chain cannot be read is not called good either", async () => {
  fill();
  await full("20260101T000000Z");
  empty();
  const isSnapshot = (key: string) => key.includes("/snapshots/");
  for (const key of [...volume.objects.keys()].filter(isSnapshot)) volume.objects.set(key, Buffer.alloc(100));
  expect(await full("20260201T000000Z")).toMatchObject({
    state: "Incomplete",
    reason: "SourceEmpty",
    message: expect.stringContaining("whether it held data before cannot be told"),
  });
});

test("where this chain's snapshots cannot be listed, that is the doubt, and no failure", async () => {
  const question = {
    plan: { signal: new AbortController().signal } as EmptyQuestion["plan"],
    target: {} as EmptyQuestion["target"],
    read: { totals: { entries: 0 } } as EmptyQuestion["read"],
    before: () => Promise.reject(new Error("the store is away")),
    folders: { readParentFolder: async () => [] },
  };
  expect(await doubtAboutEmptiness(question)).toMatchObject({
    reason: "SourceEmpty",
    message: expect.stringContaining("The reason: the store is away"),
  });
  const ended = { ...question, plan: { signal: AbortSignal.abort(new Error("ended")) } as EmptyQuestion["plan"] };
  await expect(doubtAboutEmptiness(ended)).rejects.toThrow("ended");
});

test("links are something, too, and folders alone are not", async () => {
  mkdirSync(join(source, "folder"));
  expect(await full("20260101T000000Z")).toMatchObject({ state: "Good" });
  rmSync(join(source, "folder"), { recursive: true });
  expect(await full("20260102T000000Z")).toMatchObject({ state: "Good" });
  symlinkSync("elsewhere", join(source, "link"));
  expect(await full("20260103T000000Z")).toMatchObject({ state: "Good" });
  rmSync(join(source, "link"));
  expect(await full("20260104T000000Z")).toMatchObject({ state: "Incomplete", reason: "SourceEmpty" });
});
