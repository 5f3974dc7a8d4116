import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What archives stumble over, beside what backups do. */
export function addArchiveOddities(folder: string): void {
  const at = (name: string) => join(folder, name);
  writeFileSync(at("\x1b[31mred\x1b[0m"), "a name for terminals");
  const long = Array.from({ length: 12 }, () => "a rather long name ".repeat(12).trim()).join("/");
  mkdirSync(at(long), { recursive: true });
  writeFileSync(at(`${long}/file at the end of a path of more than 2000 bytes`), "x");
  for (const [name, date] of [
    ["old", "1901-12-14 00:00:00.000000001 UTC"],
    ["new", "2106-02-07 06:28:16.999999999 UTC"],
  ] as const) {
    writeFileSync(at(name), name);
    execFileSync("touch", ["-d", date, at(name)]);
  }
  execFileSync("setfattr", ["-n", "user.note=%", "-v", "0x00ff0a3d", at("text")]);
  if (process.getuid?.() !== 0) return;
  writeFileSync(at("guarded"), "x");
  execFileSync("setfacl", ["-m", "u:3000000:r,g:12:rw", at("guarded")]);
  execFileSync("setfacl", ["-d", "-m", "u:1234:rwx", at("empty folder")]);
  execFileSync("chown", ["4000000000:3000000000", at("old")]);
  execFileSync("touch", ["-d", "2001-02-03 04:05:06.123456789 UTC", at("empty folder")]);
}
