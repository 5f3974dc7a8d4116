import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withLock } from "../../src/repository/locks.ts";
import { openRepository } from "../../src/repository/repository.ts";
import { filesystemStorage } from "../../src/storage/filesystem.ts";
import { folderState } from "../support/folder-state.ts";
import { holdfast, type Ran } from "../support/holdfast.ts";
import { resticFor } from "../support/restic.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";

// Keys, repairs and checks in parts, with plain restic as the referee: it must see what we say, and the other way round.

let scratch: Scratch;
let source: string;
let folders = 0;

beforeAll(() => {
  scratch = makeScratch();
  source = scratch.path("source");
  mkdirSync(source);
  for (let file = 0; file < 6; file++) writeFileSync(join(source, `file ${file}`), randomBytes(100_000));
});
afterAll(() => scratch.remove());

const oldPassword = "the old password";
const newPassword = "the new password";

interface Place {
  readonly folder: string;
  readonly url: string;
}

interface MoverOptions {
  readonly password?: string;
  readonly next?: string;
  readonly code?: number;
}

async function mover(place: Place, words: readonly string[], options: MoverOptions = {}): Promise<Ran> {
  const { password = oldPassword, next, code = 0 } = options;
  const environment: Record<string, string> = next === undefined ? {} : { HOLDFAST_NEW_PASSWORD: next };
  const ran = await holdfast(["mover", ...words, "--repository", place.url], { password, environment });
  const said = ran.stdout + ran.stderr;
  expect(ran.code, `${words.join(" ")}\n${said}`).toBe(code);
  for (const secret of [password, next ?? password]) expect(said, "secrets are never said").not.toContain(secret);
  return ran;
}

const restic = ({ folder }: Place, password: string = oldPassword) => resticFor(folder, password);

/** A repository with two snapshots that share most data. */
async function newRepository(by: "holdfast" | "restic"): Promise<Place> {
  const folder = scratch.path(`repository-${folders++}`);
  const place = { folder, url: `file://${folder}` };
  if (by === "restic") await restic(place).run("init");
  for (let round = 0; round < 2; round++) {
    writeFileSync(join(source, "changing"), randomBytes(50_000));
    if (by === "restic") await restic(place).run("backup", source);
    else await mover(place, ["backup", "--source", source]);
  }
  return place;
}

const filesIn = (place: Place, folder: string): string[] => {
  const within = join(place.folder, folder);
  const found = readdirSync(within, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return found.map(({ parentPath, name }) => join(parentPath, name)).sort();
};

async function expectWhole(place: Place, password = oldPassword): Promise<void> {
  await restic(place, password).check();
  await mover(place, ["check", "--read-data"], { password });
  const target = scratch.path(`restored-${folders++}`);
  await restic(place, password).run("restore", "latest", "--target", target);
  expect(folderState(join(target, source))).toEqual(folderState(source));
}

interface Key {
  readonly id: string;
  readonly created: string;
  readonly current: boolean;
}

const keysOf = async (place: Place, password?: string): Promise<Key[]> =>
  (await mover(place, ["key", "list", "--json"], { ...(password && { password }) })).result<{ keys: Key[] }>().keys;

describe.each(["holdfast", "restic"] as const)("The keys of a repository that %s made", (by) => {
  it("are added, listed and removed as restic does it", async () => {
    const place = await newRepository(by);
    const added = await mover(place, ["key", "add", "--json"], { next: newPassword });
    const { key } = added.result<{ key: string }>();
    await expectWhole(place, newPassword);
    const seen = await restic(place, newPassword).json<{ id: string; current: boolean }[]>("key", "list");
    const listed = await keysOf(place, newPassword);
    expect(listed.find(({ current }) => current)?.id).toBe(key);
    expect(seen.find(({ current }) => current)?.id).toBe(key.slice(0, seen[0]?.id.length));
    expect(listed).toHaveLength(seen.length);

    await mover(place, ["key", "remove", key.slice(0, 8)]);
    await expect(restic(place, newPassword).run("snapshots")).rejects.toThrow(/wrong password/);
    await expectWhole(place);
  });

  it("are rotated: restic opens it with the new password and not with the old one, and no data is rewritten", async () => {
    const place = await newRepository(by);
    const data = ["data", "index", "snapshots"].flatMap((folder) => filesIn(place, folder));
    const contents = data.map((file) => readFileSync(file));
    const [old] = await keysOf(place);
    const ran = await mover(place, ["key", "rotate", "--json"], { next: newPassword });
    expect(ran.result()).toMatchObject({ kind: "key-rotate", state: "Good", added: true, removed: [old?.id] });
    expect(["data", "index", "snapshots"].flatMap((folder) => filesIn(place, folder))).toEqual(data);
    expect(data.map((file) => readFileSync(file)).every((bytes, at) => bytes.equals(contents[at] as Buffer))).toBe(
      true,
    );
    await expect(restic(place).run("snapshots")).rejects.toThrow(/wrong password/);
    await mover(place, ["snapshots"], { code: 12 });
    await expectWhole(place, newPassword);
    // Once more, as after a run that was stopped at its very end.
    const again = await mover(place, ["key", "rotate", "--json"], { next: newPassword });
    expect(again.result()).toMatchObject({ state: "Good", added: false, removed: [] });
  });
});

describe("Keys", () => {
  it("that restic added open it for us, and may be removed while the other opens", async () => {
    const place = await newRepository("holdfast");
    const file = scratch.path("new-password");
    writeFileSync(file, newPassword);
    await restic(place).run("key", "add", "--new-password-file", file);
    const [first] = (await keysOf(place)).filter(({ current }) => current);
    const id = first?.id ?? "";
    await mover(place, ["key", "remove", id], { code: 1 });
    await mover(place, ["key", "remove", id], { code: 1, next: "one that opens nothing" });
    await expectWhole(place);
    await mover(place, ["key", "remove", id], { next: newPassword });
    await mover(place, ["key", "remove", (await keysOf(place, newPassword))[0]?.id ?? ""], {
      code: 1,
      password: newPassword,
    });
    await expectWhole(place, newPassword);
  });

  it.each([["list"], ["add"], ["remove", "abc"], ["rotate"]])(
    "tell a wrong password from a damaged repository and from none: %s",
    async (...words) => {
      const place = await newRepository("holdfast");
      await mover(place, ["key", ...words], { code: 12, password: "wrong", next: "another wrong one" });
      const none = scratch.path(`nothing-${folders++}`);
      await mover({ folder: none, url: `file://${none}` }, ["key", ...words], { code: 10, next: newPassword });
      const [key = ""] = filesIn(place, "keys");
      rmSync(key);
      writeFileSync(key, "{}");
      const ran = await mover(place, ["key", ...words, "--json"], { code: 1, next: newPassword });
      expect(ran.result()).toMatchObject({ state: "Failed", reason: "RepositoryDamaged" });
    },
  );

  it("take no password as an argument, and do not repeat it", async () => {
    const place = await newRepository("holdfast");
    for (const words of [
      ["add", newPassword],
      ["rotate", newPassword],
      ["rotate", `--new-password=${newPassword}`],
    ]) {
      const ran = await holdfast(["mover", "key", ...words, "--repository", place.url], { password: oldPassword });
      expect(ran.code).toBe(1);
      expect(ran.stdout + ran.stderr).toContain("HOLDFAST_NEW_PASSWORD_FILE");
      expect(ran.stdout + ran.stderr).not.toContain(newPassword);
    }
    expect(await keysOf(place)).toHaveLength(1);
  });
});

describe.each(["holdfast", "restic"] as const)("The index of a repository that %s made", (by) => {
  it.each([
    ["deleted", (file: string) => rmSync(file)],
    ["garbage", (file: string) => overwrite(file, randomBytes(300))],
    ["cut short", (file: string) => overwrite(file, readFileSync(file).subarray(0, -20))],
  ])("is made anew where every file of it is %s", async (how, damage) => {
    const place = await newRepository(by);
    for (const file of filesIn(place, "index")) damage(file);
    await mover(place, ["check"], { code: 1 });
    const ran = await mover(place, ["repair", "index", "--json"]);
    expect(ran.result()).toMatchObject({
      kind: "repair-index",
      state: "Good",
      indexesRemoved: how === "deleted" ? 0 : 2,
      damagedPacks: [],
      missingPacks: [],
    });
    await expectWhole(place);
    await mover(place, ["backup", "--source", source]);
    await expectWhole(place);
  });

  it("names packs that are damaged or missing, and leaves the data of the others to be restored", async () => {
    const place = await newRepository(by);
    const [damaged = "", missing = ""] = filesIn(place, "data").slice(-2);
    const nameOf = (file: string): string => file.slice(-64);
    const bytes = readFileSync(damaged);
    bytes.writeUInt32LE(7, bytes.length - 4);
    overwrite(damaged, bytes);
    rmSync(missing);
    const ran = await mover(place, ["repair", "index", "--json"], { code: 3 });
    const { damagedPacks, missingPacks } = ran.result<{ damagedPacks: { pack: string }[]; missingPacks: string[] }>();
    expect(damagedPacks.map(({ pack }) => pack)).toEqual([nameOf(damaged)]);
    expect(missingPacks).toEqual([nameOf(missing)]);
    expect(filesIn(place, "data")).toContain(damaged);
  });
});

/** Restic makes its files read-only. */
function overwrite(file: string, bytes: Buffer): void {
  rmSync(file);
  writeFileSync(file, bytes);
}

describe("A repository in which somebody else works", () => {
  it.each([
    ["repair", "index"],
    ["key", "rotate"],
  ])("is not touched: %s %s", async (...words) => {
    const place = await newRepository("holdfast");
    const before = [...filesIn(place, "index"), ...filesIn(place, "keys")];
    const repository = await openRepository({ storage: filesystemStorage(place.folder), password: oldPassword });
    const identity = { holder: "somebody", deadHolders: [], waitSeconds: 0 };
    await withLock(repository, { exclusive: false, identity }, () =>
      mover(place, words, { code: 11, next: newPassword }),
    );
    expect([...filesIn(place, "index"), ...filesIn(place, "keys")]).toEqual(before);
    await mover(place, words, { next: newPassword });
  });
});

describe("A check in parts", () => {
  it("reads every byte once in as many runs, and finds the damage in one of them", async () => {
    const place = await newRepository("holdfast");
    const packs = filesIn(place, "data");
    const total = packs.reduce((sum, file) => sum + readFileSync(file).length, 0);
    const check = async (subset: string, code = 0) => {
      const ran = await holdfast(
        ["mover", "check", "--read-data-subset", subset, "--repository", place.url, "--json"],
        { password: oldPassword },
      );
      if (code === 0) expect(ran.code, ran.stdout + ran.stderr).toBe(0);
      return ran.result<{ bytesRead: number; problems: string[]; readDataSubset: unknown }>();
    };
    const parts = [await check("1/3"), await check("2/3"), await check("3/3")];
    expect(parts[1]?.readDataSubset).toEqual({ part: 2, of: 3 });
    expect(parts.reduce((sum, { bytesRead }) => sum + bytesRead, 0)).toBe(total);

    // The largest holds files' content; one with trees would be read in every part, to walk through them.
    const [pack = ""] = packs.toSorted((a, b) => statSync(b).size - statSync(a).size);
    const bytes = readFileSync(pack);
    bytes[5] = (bytes[5] ?? 0) ^ 1;
    overwrite(pack, bytes);
    const found = [await check("1/3", 1), await check("2/3", 1), await check("3/3", 1)];
    expect(found.filter(({ problems }) => problems.some((problem) => problem.includes(pack.slice(-64))))).toHaveLength(
      1,
    );
    for (const subset of ["0/3", "4/3", "half"]) {
      await mover(place, ["check", "--read-data-subset", subset], { code: 1 });
    }
  });
});
