import { access, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Writes a file whole or not at all, with its folder; `mode` as in chmod. */
export async function writeWhole(path: string, content: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, content, { mode });
  await rename(`${path}.new`, path);
}

export function readOr(path: string, fallback: string): Promise<string> {
  return readFile(path, "utf8").catch(() => fallback);
}
