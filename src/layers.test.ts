import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, it } from "vitest";

/** What each folder knows of, as ARCHITECTURE.md's map says. Tests, and what only they use, may know of anything. */
const knows: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  system: [],
  kernel: [],
  storage: ["system"],
  repository: ["contract", "kernel", "storage", "system"],
  restore: ["contract", "kernel", "repository", "system"],
  // An inventory of a volume's chains looks at the mirror beside them.
  backup: ["contract", "kernel", "mirror", "repository", "storage", "system"],
  mirror: ["backup", "contract", "repository", "restore", "storage", "system"],
  browse: ["api", "contract", "repository", "restore", "system"],
  mover: ["api", "backup", "browse", "contract", "mirror", "policy", "repository", "restore", "storage", "system"],
  api: [],
  policy: ["api"],
  kube: ["api"],
  runner: ["api", "contract", "kube", "mover", "policy", "repository"],
  controller: ["api", "contract", "kube", "policy", "runner"],
  cli: ["api", "browse", "contract", "kube", "mover", "runner", "system"],
};

const root = join(import.meta.dirname, "..");
const folderOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1];

/** Each import from one folder of another, as `from to`, and a file where it is. */
function crossings(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const file of globSync("src/*/**/*.ts", { cwd: root })) {
    if (/\.test\.ts$|testing\.ts$|fixtures\.ts$/.test(file)) continue;
    for (const [, imported = ""] of readFileSync(join(root, file), "utf8").matchAll(
      /(?:from|import\() ?"(\.[^"]+)"/g,
    )) {
      const [from, to] = [folderOf(file), folderOf(normalize(join(dirname(file), imported)))];
      if (to !== undefined && from !== to) found.set(`${from} ${to}`, file);
    }
  }
  return found;
}

it("each folder knows of those below it only, and of all that the map says", () => {
  const allowed = Object.entries(knows).flatMap(([from, all]) => all.map((to) => `${from} ${to}`));
  const found = crossings();
  expect([...found].filter(([crossing]) => !allowed.includes(crossing))).toEqual([]);
  expect(allowed.filter((crossing) => !found.has(crossing))).toEqual([]);
});
