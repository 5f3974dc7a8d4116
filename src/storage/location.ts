import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import { normalisePrefix } from "./keys.ts";

/** Where a store is and how to reach it. Never holds secrets, only the folder they are in. */
export interface StoreLocation {
  /** `file:///absolute/folder` or `s3://bucket/prefix`. */
  readonly url: string;
  readonly s3?: S3Options | undefined;
  /** A folder with the files `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and maybe `AWS_SESSION_TOKEN`. */
  readonly credentialsDirectory?: string | undefined;
}

export interface S3Options {
  /** `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL` where it is absent, and then the cloud's own. */
  readonly endpoint?: string | undefined;
  /** `AWS_REGION` or `AWS_DEFAULT_REGION` where it is absent, and then `us-east-1`. */
  readonly region?: string | undefined;
  /** True by default for an endpoint of one's own. */
  readonly forcePathStyle?: boolean | undefined;
  /** PEM certificates to trust beside the system's own; the file `AWS_CA_BUNDLE` names where it is absent. */
  readonly caBundle?: string | undefined;
  /** `WhenRequired` for stores that do not understand today's checksums: puts then carry a Content-MD5 instead. */
  readonly requestChecksums?: "WhenSupported" | "WhenRequired" | undefined;
}

export type StoreAddress =
  | { readonly kind: "filesystem"; readonly folder: string }
  | { readonly kind: "s3"; readonly bucket: string; readonly prefix: string };

/** A URL that names no store. Its message says what a good one looks like. */
export class InvalidLocationError extends Error {
  override readonly name = "InvalidLocationError";
}

const example = "Use file:///absolute/folder or s3://bucket/prefix.";

/** Takes a store's URL apart. Throws `InvalidLocationError`. */
export function parseLocation(url: string): StoreAddress {
  if (url.startsWith("file:")) return { kind: "filesystem", folder: parseFolder(url) };
  if (!url.startsWith("s3://")) throw new InvalidLocationError(`«${withoutUserInfo(url)}» names no store. ${example}`);

  const [bucket = "", ...rest] = url.slice("s3://".length).split("/");
  if (bucket.includes("@")) {
    throw new InvalidLocationError("Keys do not belong into the URL: give them in AWS_ACCESS_KEY_ID and so on.");
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(bucket)) {
    throw new InvalidLocationError(`«${url}» names no bucket. ${example}`);
  }
  const prefix = normalisePrefix(rest.join("/"));
  if (prefix.split("/").some((part) => part === "." || part === "..")) {
    throw new InvalidLocationError(`«${url}» has «.» or «..» in its prefix. ${example}`);
  }
  return { kind: "s3", bucket, prefix };
}

function parseFolder(url: string): string {
  if (!url.startsWith("file:///")) throw new InvalidLocationError(`«${url}» is not an absolute folder. ${example}`);
  assertLiteral(url);
  try {
    const folder = fileURLToPath(url);
    if (isAbsolute(folder) && !folder.includes("\0")) return folder;
  } catch (error) {
    throw new InvalidLocationError(`«${url}» is not a folder's URL. ${example}`, { cause: error });
  }
  throw new InvalidLocationError(`«${url}» is not an absolute folder. ${example}`);
}

/**
 * What a URL's parser would cut off, leave out or read as something else: `file:///a#1` and `file:///a#2` would be one store. In the
 * prefix of an S3 store everything is taken literally.
 */
const notLiteral = /[?#\\\p{Cc}]|%(?![0-9a-f]{2})| $/iu;

function assertLiteral(url: string): void {
  const [character] = notLiteral.exec(url) ?? [];
  if (character === undefined) return;
  const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
  throw new InvalidLocationError(
    `«${url}» has «${character}» in its path, where a URL means something else by it: write %${code}.`,
  );
}

const withoutUserInfo = (url: string): string => url.replace(/\/\/[^/]*@/, "//…@");
