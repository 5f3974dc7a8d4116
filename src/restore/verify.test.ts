import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeOddFolder } from "../../test/support/odd-folder.ts";
import { backedUp } from "../../test/support/repository.ts";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import { restoreSnapshot } from "./restore.ts";
import { setTimes } from "./system.ts";
import { verifyFolder } from "./verify.ts";

let scratch: Scratch;
let source: string;
let odd: Awaited<ReturnType<typeof backedUp>>;
let count = 0;
const { signal } = new AbortController();
const isRoot = process.getuid?.() === 0;

beforeAll(async () => {
  scratch = makeScratch();
  source = scratch.path("source");
  mkdirSync(source);
  makeOddFolder(source);
  execFileSync("setfattr", ["-n", "user.origin", "-v", "here", join(source, "large")]);
  execFileSync("setfacl", ["-m", "u:12345:rwx", join(source, "deep/er")]);
  odd = await backedUp(source, scratch.path("repository"));
});
afterAll(() => scratch?.remove());

const verify = (target: string, include: readonly string[] = []) => verifyFolder({ ...odd, target, include, signal });

async function restored(include: readonly string[] = []): Promise<string> {
  const target = scratch.path(`target-${count++}`);
  await restoreSnapshot({ ...odd, target, include, signal });
  return target;
}

/** Makes the change, then gives the entry and its folder their times back, so that only the change itself is left to be found. */
function keepingTimes(path: string, folder: string, change: () => void): void {
  const times = [path, folder].map((each) => [each, statSync(each, { bigint: true })] as const);
  change();
  for (const [each, { atimeNs, mtimeNs }] of times) setTimes(Buffer.from(each), atimeNs, mtimeNs);
}

describe("verifyFolder", () => {
  it("finds nothing in the source itself, nor in what was restored from it", async () => {
    const outcome = await verify(await restored());
    expect(outcome).toMatchObject({ errors: 0, failedPaths: [] });
    expect((await verify(source)).failedPaths).toEqual([]);
    expect(outcome.bytes).toBeGreaterThan(9_000_001);
  });

  it.each<[string, string, RegExp, (target: string) => void]>([
    [
      "one changed bit at the same size and time",
      "/large",
      /differs in content between bytes/,
      (target) => {
        const path = join(target, "large");
        const bytes = readFileSync(path);
        bytes[4_500_000] = (bytes[4_500_000] ?? 0) ^ 1;
        keepingTimes(path, target, () => writeFileSync(path, bytes));
      },
    ],
    [
      "a byte too many",
      "/empty",
      /has 1 bytes instead of 0/,
      (target) => keepingTimes(join(target, "empty"), target, () => appendFileSync(join(target, "empty"), "x")),
    ],
    ["another time", "/empty", /was modified at/, (target) => utimesSync(join(target, "empty"), 5, 5)],
    ["another time of a link", "/link", /was modified at/, (target) => lutimesSync(join(target, "link"), 5, 5)],
    ["another time of a folder", "/deep/er", /was modified at/, (target) => utimesSync(join(target, "deep/er"), 5, 5)],
    [
      "another mode",
      "/empty folder",
      /has mode 777 instead of 711/,
      (target) => chmodSync(join(target, "empty folder"), 0o777),
    ],
    ["a lost set-user-ID", "/text", /has mode 755 instead of 4755/, (target) => chmodSync(join(target, "text"), 0o755)],
    [
      "a lost attribute",
      "/large",
      /lacks the attribute user\.origin/,
      (target) => execFileSync("setfattr", ["-x", "user.origin", join(target, "large")]),
    ],
    [
      "another value of an attribute",
      "/large",
      /has another value of the attribute user\.origin/,
      (target) => execFileSync("setfattr", ["-n", "user.origin", "-v", "there", join(target, "large")]),
    ],
    [
      "an attribute too many",
      "/empty",
      /has the attribute user\.new, which is not in the snapshot/,
      (target) => execFileSync("setfattr", ["-n", "user.new", "-v", "", join(target, "empty")]),
    ],
    [
      "another entry of an ACL",
      "/deep/er",
      /has another value of the attribute system\.posix_acl_access/,
      (target) => execFileSync("setfacl", ["-m", "u:12345:rwx,u:12346:r", join(target, "deep/er")]),
    ],
    [
      "an ACL too many",
      "/empty folder",
      /has the attribute system\.posix_acl_default/,
      (target) => execFileSync("setfacl", ["-d", "-m", "u:1:r", join(target, "empty folder")]),
    ],
    [
      "another link target",
      "/dangling",
      /points to .*elsewhere instead of \/absolutely\/nowhere/,
      (target) => {
        rmSync(join(target, "dangling"));
        symlinkSync("/elsewhere", join(target, "dangling"));
        if (isRoot) lchownSync(join(target, "dangling"), 12345, 54321);
        const { atimeNs, mtimeNs } = lstatSync(join(source, "dangling"), { bigint: true });
        setTimes(Buffer.from(join(target, "dangling")), atimeNs, mtimeNs);
      },
    ],
    [
      "two files that were one",
      "/text",
      /no longer the same file/,
      (target) => {
        const path = join(target, "text");
        const status = statSync(path, { bigint: true });
        copyFileSync(path, `${path}.copy`);
        rmSync(path);
        copyFileSync(`${path}.copy`, path);
        rmSync(`${path}.copy`);
        chmodSync(path, 0o4755);
        setTimes(Buffer.from(path), status.atimeNs, status.mtimeNs);
      },
    ],
    [
      "a file that is a folder",
      "/empty",
      /is no file/,
      (target) => {
        rmSync(join(target, "empty"));
        mkdirSync(join(target, "empty"));
      },
    ],
    [
      "a missing file",
      "/deep/er/and/deeper/file",
      /is missing/,
      (target) => rmSync(join(target, "deep/er/and/deeper/file")),
    ],
    [
      "a file too many",
      "/empty folder/extra",
      /is not in the snapshot/,
      (target) => writeFileSync(join(target, "empty folder/extra"), ""),
    ],
  ])("finds %s", async (_, path, message, change) => {
    const target = await restored();
    change(target);
    const outcome = await verify(target);
    expect(outcome.failedPaths).toContain(path);
    expect(outcome.failures[0]?.reason).toBe("VerificationFailed");
    expect(outcome.failures.map(({ message: text }) => text).join()).toMatch(
      outcome.failedPaths[0] === path ? message : /./,
    );
  });

  it.skipIf(!isRoot)("finds another owner, and another device", async () => {
    const target = await restored();
    chownSync(join(target, "large"), 1, 1);
    rmSync(join(target, "null device"));
    execFileSync("mknod", [join(target, "null device"), "c", "1", "5"]);
    const { failedPaths } = await verify(target);
    expect(failedPaths).toEqual(expect.arrayContaining(["/large", "/null device"]));
  });

  it("names everything below a folder that is missing", async () => {
    const target = await restored();
    rmSync(join(target, "deep/er"), { recursive: true });
    const { failedPaths } = await verify(target);
    expect(failedPaths).toEqual(expect.arrayContaining(["/deep/er", "/deep/er/and", "/deep/er/and/deeper/file"]));
  });

  it("expects no more than what was included, and no less", async () => {
    const target = await restored(["deep/er", "text"]);
    expect((await verify(target, ["deep/er", "text"])).failedPaths).toEqual([]);
    expect((await verify(target, ["deep/er"])).failedPaths).toEqual(["/text"]);
    expect((await verify(target)).errors).toBeGreaterThan(5);
  });

  it("does not mind lost+found in the root", async () => {
    const target = await restored();
    mkdirSync(join(target, "lost+found"));
    expect((await verify(target)).failedPaths).toEqual([]);
  });

  it("says so where there is nothing to compare", async () => {
    await expect(verify(scratch.path("nowhere"))).rejects.toMatchObject({ reason: "InvalidConfiguration" });
  });
});
