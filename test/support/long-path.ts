import { closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from "node:fs";

/** A path of about `length` bytes below the folder, with a file, a folder and a link at its end; returns it. */
export function makeLongPath(folder: string, length: number): string {
  let below = "";
  let at = folder;
  while (below.length < length) {
    const name = "long ".repeat(51).slice(0, Math.min(250, length - below.length));
    below += `/${name}`;
    // A folder moves below another whose path is as long as may be.
    const descriptor = openSync(at, "r");
    mkdirSync(`/proc/self/fd/${descriptor}/${name}`);
    const next = openSync(`/proc/self/fd/${descriptor}/${name}`, "r");
    closeSync(descriptor);
    if (at !== folder) closeSync(Number(at.slice("/proc/self/fd/".length)));
    at = `/proc/self/fd/${next}`;
  }
  writeFileSync(`${at}/file`, "at the end of a long path");
  mkdirSync(`${at}/folder`);
  symlinkSync("file", `${at}/link`);
  closeSync(Number(at.slice("/proc/self/fd/".length)));
  return `${below}/file`;
}
