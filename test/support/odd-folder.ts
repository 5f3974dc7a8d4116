import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

const isRoot = process.getuid?.() === 0;

/**
 * A folder with everything that backups have stumbled over: empty and large files, holes, hard links, dangling and absolute
 * links, fifos, devices, odd modes and owners, times before 1970, after 2038 and with nanoseconds, and names that are no text.
 */
export function makeOddFolder(folder: string): void {
  const at = (...parts: string[]) => join(folder, ...parts);
  mkdirSync(at("deep/er/and/deeper"), { recursive: true });
  mkdirSync(at("empty folder"), { mode: 0o711 });
  writeFileSync(at("empty"), "");
  writeFileSync(at("text"), "hello\n".repeat(5000));
  writeFileSync(at("large"), randomBytes(9_000_001));
  writeFileSync(at("deep/er/and/deeper/file"), randomBytes(700_000));
  makeSparse(at("sparse"));

  linkSync(at("text"), at("deep/same as text"));
  symlinkSync("text", at("link"));
  symlinkSync("/absolutely/nowhere", at("dangling"));
  symlinkSync("..", at("deep/upwards"));
  execFileSync("mkfifo", ["-m", "640", at("fifo")]);

  for (const name of [" ", "a\nb", "quote\"s 'and' `more`", "*?[glob]", "-rf", "naïve ☃ 🏴", "x".repeat(255)]) {
    writeFileSync(at("deep", name), `content of ${name}`);
  }
  writeFileSync(Buffer.from(`${at("deep")}/not\xff\xfeutf8`, "latin1"), "bytes");
  writeFileSync(at("deep", "<&>\u2028"), "escaped in Go's JSON");

  chmodSync(at("text"), 0o4755);
  chmodSync(at("large"), 0o000);
  chmodSync(at("deep"), 0o2775);
  chmodSync(at("deep/er"), 0o1777);
  if (isRoot) makeForRoot(at);
  // Node's own calls take a time before 1970 for «now».
  const touch = (time: string, ...paths: string[]) => execFileSync("touch", ["-h", "-d", `${time} UTC`, ...paths]);
  touch("1969-12-30 23:59:59.123456789", at("empty"), at("dangling"), at("deep/er/and/deeper"));
  touch("2201-02-03 04:05:06.987654321", at("link"), at("fifo"), at("deep/er"));
  touch("2001-02-03 04:05:06.123456789", at("sparse"), at("empty folder"));
}

function makeForRoot(at: (...parts: string[]) => string): void {
  execFileSync("mknod", [at("null device"), "c", "1", "3"]);
  execFileSync("mknod", [at("block device"), "b", "7", "99"]);
  execFileSync("chown", ["-h", "12345:54321", at("empty"), at("dangling"), at("deep/er")]);
}

/** Holes before, between and after data: 6 MiB of which 2 blocks are stored. */
function makeSparse(path: string): void {
  const file = openSync(path, "w");
  writeSync(file, randomBytes(4096), 0, 4096, 1_048_576);
  writeSync(file, randomBytes(100), 0, 100, 3_000_001);
  ftruncateSync(file, 6_291_456);
  closeSync(file);
}
