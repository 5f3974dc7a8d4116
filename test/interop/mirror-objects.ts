import { hash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";

/** What an exact copy has below `files/`: the SHA-256 of each file whose path can be a key. */
export function expectedFiles(source: string): Record<string, string> {
  const expected: Record<string, string> = {};
  const visit = (folder: Buffer, prefix: string): void => {
    for (const name of readdirSync(folder, { encoding: "buffer" })) {
      const path = Buffer.concat([folder, Buffer.from("/"), name]);
      const key = `${prefix}${name}`;
      if (lstatSync(path).isDirectory()) visit(path, `${key}/`);
      const isPlain = Buffer.from(name.toString()).equals(name) && !/\n/.test(key) && name.length <= 200;
      if (lstatSync(path).isFile() && isPlain) expected[key] = hash("sha256", readFileSync(path));
    }
  };
  visit(Buffer.from(source), "files/");
  return expected;
}

/** Of all objects of a mirror, those that are files of the source. */
export const plainObjects = (objects: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(objects).filter(([key]) => key.startsWith("files/")));

/** The keys of the mirror's own objects in one of its folders, as `manifests`. */
export const ownObjects = (objects: Record<string, string>, folder: string): string[] =>
  Object.keys(objects).filter((key) => key.startsWith(`.holdfast/${folder}/`));
