import { type Restic, resticFor } from "./restic.ts";
import type { Scratch } from "./scratch.ts";
import type { S3Server } from "./versitygw.ts";

/** A place for one repository, as each of the two programs calls it. */
export interface RepositoryPlace {
  readonly url: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly password: string;
  readonly restic: Restic;
}

const password = "test password";
let places = 0;

/** `binary` is a restic other than the system's. */
export function filePlace(scratch: Scratch, binary?: string): RepositoryPlace {
  const folder = scratch.path(`repository-${places++}`);
  return { url: `file://${folder}`, environment: {}, password, restic: resticFor(folder, password, {}, binary) };
}

export function s3Place({ bucket, endpoint, environment }: S3Server, binary?: string): RepositoryPlace {
  const prefix = `tests/repository-${places++}`;
  const forRestic = { ...environment, AWS_DEFAULT_REGION: environment.AWS_REGION ?? "" };
  const restic = resticFor(`s3:${endpoint}/${bucket}/${prefix}`, password, forRestic, binary);
  return { url: `s3://${bucket}/${prefix}`, environment, password, restic };
}
