import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { customResourceDefinition } from "./crd.ts";
import { group, type KindName, kinds } from "./kinds.ts";

/**
 * Writes the CustomResourceDefinitions to `crds/`, and to the chart and the kustomize base, which can only reach files of
 * their own. With `--check` it writes nothing, and fails where a file is not what it would have written.
 */

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The chart's CRDs are templates, so that upgrades reach them; but uninstalling must never take restore points with it. */
const folders = [
  { path: "crds", annotations: undefined },
  { path: "config/base/crds", annotations: undefined },
  { path: "charts/holdfast/files/crds", annotations: { "helm.sh/resource-policy": "keep" } },
] as const;

/** Every file that is generated, by its path below the project's root. */
function generatedFiles(): ReadonlyMap<string, string> {
  const names = Object.keys(kinds) as KindName[];
  const files = names.flatMap((name) =>
    folders.map(({ path, annotations }): [string, string] => {
      const definition = customResourceDefinition({ kind: name, annotations });
      const yaml = stringify(definition, { lineWidth: 0, aliasDuplicateObjects: false });
      const text = `# Generated from src/api by \`npm run generate\`; do not edit.\n${yaml}`;
      return [join(path, `${group}_${kinds[name].plural}.yaml`), text];
    }),
  );
  return new Map(files);
}

async function write(files: ReadonlyMap<string, string>): Promise<void> {
  for (const { path } of folders) await mkdir(join(root, path), { recursive: true });
  for (const [path, text] of files) await writeFile(join(root, path), text);
  console.log(`wrote ${files.size} files`);
}

async function check(files: ReadonlyMap<string, string>): Promise<void> {
  const drifted: string[] = [];
  for (const [path, text] of files) {
    const found = await readFile(join(root, path), "utf8").catch(() => undefined);
    if (found !== text) drifted.push(path);
  }
  if (drifted.length === 0) return;
  process.stderr.write(`not as src/api says: ${drifted.join(", ")}; run "npm run generate" and commit the result\n`);
  process.exitCode = 1;
}

await (process.argv.includes("--check") ? check : write)(generatedFiles());
