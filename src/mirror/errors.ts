import type { Failures } from "../backup/failures.ts";
import { RepositoryError } from "../repository/errors.ts";
import type { Amount } from "./guard.ts";

/** What a stopped run would have done, in numbers. */
export interface MassChange {
  readonly removed: Amount;
  readonly replaced: Amount;
  readonly before: Amount;
  /** Percent of the mirror's files or bytes, whichever is more. */
  readonly share: number;
  /** What lets this change pass when it is given to a later run. */
  readonly token: string;
}

/** A change that the guard stopped: nothing of the mirror was touched. */
export class MassChangeError extends RepositoryError {
  readonly change: MassChange;

  constructor(where: string, change: MassChange) {
    const { removed, replaced, before, share, token } = change;
    super(
      "MassChange",
      `Acknowledge ${token} if this is as it should be: this run would delete ${removed.files} and overwrite ${replaced.files} of the ${before.files} files in the mirror ${where} ` +
        `(${removed.bytes} and ${replaced.bytes} of ${before.bytes} bytes): ${share} %. Nothing was changed.`,
    );
    this.change = change;
  }
}

/** Paths could not be read, so that the mirror stays as it was: only a whole one takes its place. */
export class ReadErrorsError extends RepositoryError {
  readonly failures: Failures;

  constructor(where: string, failures: Failures) {
    super(
      "ReadErrors",
      `${failures.count} paths could not be read, the first: ${failures.paths[0]}. The mirror ${where} stays as it was, since only a whole one may take its place: ` +
        "make them readable, or exclude them.",
    );
    this.failures = failures;
  }
}
