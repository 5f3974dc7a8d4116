import { readSync } from "node:fs";
import { RepositoryError } from "../repository/errors.ts";
import { closeFile, openFile } from "./read-file.ts";
import { isFileSystemError } from "./source.ts";

/** A file by whose presence everything beside it, in the same folder, is left out. */
export interface Marker {
  readonly name: Buffer;
  /** The rule as a flag of the command line. */
  readonly rule: string;
  /** Whether a file of this name, which is there, is one. */
  isIn(pathOf: (name: Buffer) => Buffer): boolean;
}

/** From the Cache Directory Tagging Specification (bford.info/cachedir): a tag without it is none. */
const cacheSignature = "Signature: 8a477f597d28d172789f06886806bc55";

export const cacheMarker: Marker = markerOf(`CACHEDIR.TAG:${cacheSignature}`, "--exclude-caches");

/** `text` is `NAME` or `NAME:BEGINNING`, as restic takes it. Throws `InvalidConfiguration`. */
export function markerOf(text: string, rule = `--exclude-if-present ${text}`): Marker {
  const colon = text.indexOf(":");
  const name = Buffer.from(colon < 0 ? text : text.slice(0, colon));
  const beginning = Buffer.from(colon < 0 ? "" : text.slice(colon + 1));
  if (name.length === 0 || name.includes("/")) {
    throw new RepositoryError(
      "InvalidConfiguration",
      `«${text}» names no file that could mark a folder: write a name without slashes, such as .nobackup.`,
    );
  }
  return {
    name,
    rule,
    isIn: (pathOf) => beginning.length === 0 || beginsWith(pathOf(name), beginning),
  };
}

/** A marker that cannot be read marks nothing: rather too much is backed up than too little. */
function beginsWith(path: Buffer, beginning: Buffer): boolean {
  try {
    const file = openFile(path);
    try {
      const bytes = Buffer.alloc(beginning.length);
      return (
        file.stat.isFile() &&
        readSync(file.descriptor, bytes, 0, bytes.length, 0) === bytes.length &&
        bytes.equals(beginning)
      );
    } finally {
      closeFile(file);
    }
  } catch (error) {
    if (isFileSystemError(error)) return false;
    throw error;
  }
}
