import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, lchownSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeNode } from "../../src/restore/system.ts";
import { makeLongPath } from "./long-path.ts";
import { makeSparse } from "./sparse-file.ts";

/** One thing that a backup has to bring back: a folder with examples of it, made by the system's own tools. */
export interface Feature {
  readonly name: string;
  readonly examples: string;
  make(folder: string): void;
}

const bytes = (folder: string, name: string): Buffer => Buffer.from(`${folder}/${name}`, "latin1");
const utf8 = (text: string): string => Buffer.from(text).toString("latin1");
const run = (command: string, ...words: readonly string[]): void => {
  execFileSync(command, words, { stdio: "pipe" });
};

/** Given as Latin-1, so that every byte can be named. */
const oddNames = [
  " ",
  "...",
  "-rf",
  "a\nb",
  "tab\tand\x01\x7f",
  "quote\"s 'and' `more`",
  "back\\slash",
  "\\x41",
  "*?[glob]{a,b}!(c)",
  utf8("naïve ☃ 🏴"),
  utf8("<&>\u2028\ufeff\ufffd\u0300"),
  "not\xff\xfeutf8",
  "\xed\xa0\x80 half a pair",
  "\xc0\xaf overlong",
  "cut short \xe2\x98",
  "x".repeat(255),
  "\xff".repeat(255),
];

function makeNames(folder: string): void {
  for (const name of oddNames) {
    mkdirSync(bytes(folder, `in ${name}`.slice(0, 255)));
    writeFileSync(bytes(folder, name), `content of ${name}`);
    writeFileSync(bytes(folder, `${`in ${name}`.slice(0, 255)}/${name}`), "below");
  }
}

const MiB = 1024 * 1024;

const plain = (folder: string, ...names: readonly string[]): string[] =>
  names.map((name) => {
    const path = join(folder, name);
    if (name.endsWith("folder")) mkdirSync(path);
    else writeFileSync(path, name);
    return path;
  });

/** As `stat` shows them, by the beginning of their files' names. */
export const times: Readonly<Record<string, string>> = {
  "before 1970": "1931-02-03 04:05:06.123456789 +0000",
  "a nanosecond before 1970": "1969-12-31 23:59:59.999999999 +0000",
  "in 1970": "1970-01-01 00:00:00.000000000 +0000",
  "a nanosecond": "2001-02-03 04:05:06.000000001 +0000",
  "after 2038": "2201-02-03 04:05:06.987654321 +0000",
};
export const timedEntries = ["", " folder", " link", " fifo"] as const;

function makeTimes(folder: string): void {
  for (const [name, time] of Object.entries(times)) {
    plain(folder, name, `${name} folder`);
    symlinkSync(name, join(folder, `${name} link`));
    run("mkfifo", join(folder, `${name} fifo`));
    run("touch", "-h", "-d", time, ...timedEntries.map((kind) => join(folder, `${name}${kind}`)));
  }
}

function makeAttributes(folder: string): void {
  const [file = "", inner = ""] = plain(folder, "file", "folder");
  for (const path of [file, inner]) {
    run("setfattr", "-n", "user.text", "-v", "naïve", path);
    run("setfattr", "-n", "user.bytes", "-v", "0x00ff0a22", path);
    run("setfattr", "-n", "user.empty", path);
    run("setfattr", "-n", `user.${"n".repeat(250)}`, "-v", "a long name", path);
    run("setfattr", "-n", "user.ünï <&>", "-v", `0x${randomBytes(2000).toString("hex")}`, path);
  }
  const [readOnly = ""] = plain(folder, "read-only");
  run("setfattr", "-n", "user.x", "-v", "y", readOnly);
  chmodSync(readOnly, 0o400);
}

function makeAccessLists(folder: string): void {
  const [file = "", inner = "", inheriting = "", masked = ""] = plain(
    folder,
    "file",
    "folder",
    "inheriting folder",
    "masked",
  );
  run("setfacl", "-m", "u:12345:rwx,g:99999:r,o::-", file, inner);
  run("setfacl", "-m", "u:12345:rwx,m::r", masked);
  run("setfacl", "-d", "-m", "u:12345:rx,g:70000:rwx", inheriting);
  plain(folder, "inheriting folder/file", "inheriting folder/folder");
  // In a folder that hands its list down, and itself without one.
  const [without = ""] = plain(folder, "inheriting folder/without");
  run("setfacl", "-b", without);
}

function makeModes(folder: string): void {
  for (const mode of [0o4755, 0o2755, 0o6711, 0o1644, 0o0000, 0o7777, 0o400, 0o606]) {
    const [file = "", inner = ""] = plain(folder, mode.toString(8), `${mode.toString(8)} folder`);
    chmodSync(file, mode);
    chmodSync(inner, mode);
  }
}

function makeOwners(folder: string): void {
  for (const [uid, gid] of [
    [0, 1],
    [12_345, 54_321],
    [65_536, 65_537],
    [3_000_000_000, 4_294_967_294],
  ] as const) {
    const [file = "", inner = ""] = plain(folder, `${uid}`, `${uid} folder`);
    symlinkSync("nowhere", join(folder, `${uid} link`));
    for (const path of [file, inner, join(folder, `${uid} link`)]) lchownSync(path, uid, gid);
    chmodSync(file, 0o6755);
  }
}

/** Not among them: paths longer than 4,096 bytes, which restic cannot reach; they have tests of their own. */
export const features: readonly Feature[] = [
  {
    name: "names",
    examples: "not UTF-8, newlines, quotes, backslashes, 255 bytes; of files and folders",
    make: makeNames,
  },
  { name: "long paths", examples: "3,500 bytes", make: (folder) => void makeLongPath(folder, 3500) },
  {
    name: "empty",
    examples: "files and folders with nothing in them",
    make: (folder) => void plain(folder, "folder", "other folder").concat(writeEmpty(join(folder, "file"))),
  },
  {
    name: "contents",
    examples: "1 byte to 20 MB; around the length at which files are cut",
    make(folder) {
      for (const size of [1, 524_287, 524_288, 524_289, 8 * MiB, 20_000_001]) {
        writeFileSync(join(folder, `${size}`), randomBytes(size));
      }
    },
  },
  {
    name: "holes",
    examples: "at the beginning, in between, at the end, nothing else",
    make(folder) {
      makeSparse(join(folder, "beginning"), 3 * MiB + 5000, [3 * MiB]);
      makeSparse(join(folder, "between"), 30 * MiB, [0, 100_000, 12 * MiB + 4096, 30 * MiB - 5000]);
      makeSparse(join(folder, "end"), 25 * MiB + 1, [0]);
      makeSparse(join(folder, "nothing else"), 64 * MiB + 13, []);
    },
  },
  {
    name: "hard links",
    examples: "in one folder, across folders, three names, with set-user-ID",
    make(folder) {
      const [file = "", inner = "", other = ""] = plain(folder, "file", "folder", "set-user-id");
      linkSync(file, join(folder, "same"));
      linkSync(file, join(inner, "same"));
      chmodSync(other, 0o4755);
      linkSync(other, join(inner, "other"));
    },
  },
  {
    name: "symbolic links",
    examples: "dangling, to folders, to itself, absolute, with odd targets, 4,095 bytes",
    make(folder) {
      plain(folder, "folder");
      const targets = {
        dangling: "nowhere",
        folder: "folder",
        "with slash": "folder/",
        itself: "itself",
        up: "../..",
        absolute: "/absolutely/no where",
        odd: " \n\"'\\x41\t<&>\u2028☃",
        long: "l/".repeat(2048).slice(0, 4095),
      };
      for (const [name, target] of Object.entries(targets)) symlinkSync(target, join(folder, `to ${name}`));
    },
  },
  {
    name: "symbolic links whose target is not UTF-8",
    examples: "single bytes, among text",
    make(folder) {
      symlinkSync(Buffer.from("not\xff\xfeutf8", "latin1"), join(folder, "among text"));
      symlinkSync(Buffer.of(0xff), join(folder, "single"));
    },
  },
  {
    name: "fifos and devices",
    examples: "with modes, and numbers above 8 bits",
    make(folder) {
      run("mkfifo", "-m", "640", join(folder, "fifo"));
      run("mknod", "-m", "602", join(folder, "null"), "c", "1", "3");
      run("mknod", join(folder, "block"), "b", "7", "99");
      run("mknod", join(folder, "large numbers"), "c", "511", "70000");
    },
  },
  {
    name: "hard links of what is no file",
    examples: "symbolic links, fifos, devices",
    make(folder) {
      const [link, fifo, device] = ["link", "fifo", "device"].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      symlinkSync("nowhere", link);
      run("mkfifo", fifo);
      run("mknod", device, "c", "1", "3");
      for (const path of [link, fifo, device]) linkSync(path, `${path} again`);
    },
  },
  {
    name: "sockets",
    examples: "with a mode",
    make(folder) {
      makeNode(Buffer.from(join(folder, "socket")), 0o140000, 0n);
      chmodSync(join(folder, "socket"), 0o1770);
    },
  },
  { name: "modes", examples: "set-user-ID, set-group-ID, sticky, none at all; of files and folders", make: makeModes },
  { name: "owners", examples: "numbers above 65,535, up to 4,294,967,294; of links, too", make: makeOwners },
  {
    name: "times",
    examples: "to the nanosecond, before 1970, after 2038; of folders, links and fifos, too",
    make: makeTimes,
  },
  {
    name: "extended attributes",
    examples: "text, bytes, empty, 2,000 bytes, names of 255 bytes; of folders and read-only files, too",
    make: makeAttributes,
  },
  {
    name: "POSIX ACLs",
    examples: "with masks, defaults of folders, and files that inherited none",
    make: makeAccessLists,
  },
  {
    name: "file capabilities",
    examples: "with another owner",
    make(folder) {
      const [file = "", other = ""] = plain(folder, "file", "other");
      lchownSync(other, 70_000, 70_000);
      run("setcap", "cap_net_bind_service+ep", file);
      run("setcap", "cap_net_raw,cap_chown+eip", other);
    },
  },
];

function writeEmpty(path: string): string {
  writeFileSync(path, "");
  return path;
}

/** Makes all features, each in a folder of its name. Only root can make all of them. */
export function makeFaithfulFolder(folder: string): void {
  if (process.getuid?.() !== 0)
    throw new Error("Devices, owners and capabilities can only be made and compared by root: run this test as root.");
  for (const { name, make } of features) {
    mkdirSync(join(folder, name), { recursive: true });
    make(join(folder, name));
    run("touch", "-d", "2019-08-07 06:05:04.321012345 UTC", join(folder, name));
  }
}

/** Differences that are known, and what to say of them. */
export type Excuse = readonly [differences: RegExp, note: string];

/** What nobody brings back, by feature: the format does not tell of fifos which are one, and restic asks of files only. */
export const excusedOfAll: Readonly<Record<string, Excuse>> = {
  "hard links of what is no file": [/ again has same as undefined instead of /, "the same, each by itself"],
};
