import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { RepositoryError } from "../repository/errors.ts";
import { causeOf } from "../system/cause.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface GivenPassword {
  readonly password: string;
  /**
   * Why `restic --password-file` takes another password from the same file. It may open a repository that we made with it earlier, but
   * no key should be made with it any more. A sentence.
   */
  readonly passwordFlaw?: string | undefined;
}

/**
 * The repository's password: from the file that is named, or the one in `HOLDFAST_PASSWORD_FILE`, or `HOLDFAST_PASSWORD`.
 * A newline at the end of a file is not part of it. Throws `PasswordMissing`.
 */
export function readPassword(passwordFile: string | undefined, environment: Environment): GivenPassword {
  const file = passwordFile ?? environment.HOLDFAST_PASSWORD_FILE;
  if (file) return readFileOrThrow(file, "the repository's password");
  const password = environment.HOLDFAST_PASSWORD;
  if (password) return { password };
  throw new RepositoryError(
    "PasswordMissing",
    "There is no password: give it in HOLDFAST_PASSWORD_FILE or HOLDFAST_PASSWORD.",
  );
}

/**
 * The password to come, from the file in `HOLDFAST_NEW_PASSWORD_FILE` or from `HOLDFAST_NEW_PASSWORD`; never an argument, which
 * every process of the machine can read. Throws `PasswordMissing`.
 */
export function readNewPassword(environment: Environment): GivenPassword {
  const given = readNewPasswordIfGiven(environment);
  if (given !== undefined) return given;
  throw new RepositoryError(
    "PasswordMissing",
    "There is no new password: give it in HOLDFAST_NEW_PASSWORD_FILE or HOLDFAST_NEW_PASSWORD.",
  );
}

/** As `readNewPassword`; undefined where neither is set. */
export function readNewPasswordIfGiven(environment: Environment): GivenPassword | undefined {
  const { HOLDFAST_NEW_PASSWORD_FILE: file, HOLDFAST_NEW_PASSWORD: value } = environment;
  if (file) return readFileOrThrow(file, "the new password");
  return value ? { password: value } : undefined;
}

function readFileOrThrow(file: string, what: string): GivenPassword {
  const bytes = readBytes(file);
  const password = bytes.toString().replace(/\r?\n$/, "");
  if (password === "")
    throw new RepositoryError("PasswordMissing", `The password file ${file} is empty: put ${what} into it.`);
  const flaw = flawOf(bytes, password);
  return {
    password,
    passwordFlaw: flaw && `The password file ${file} ${flaw}: restic takes another password from it.`,
  };
}

/** Restic decodes what has a byte order mark, and else takes the bytes without the white space around them (`textfile.Read`, `TrimSpace`). */
function flawOf(bytes: Buffer, password: string): string | undefined {
  const begins = (...mark: number[]) => bytes.subarray(0, mark.length).equals(Buffer.from(mark));
  if (begins(0xef, 0xbb, 0xbf) || begins(0xff, 0xfe) || begins(0xfe, 0xff)) return "begins with a byte order mark";
  if (!isUtf8(bytes)) return "is not in UTF-8";
  if (/^\p{White_Space}/u.test(password)) return "begins with white space";
  if (/\p{White_Space}$/u.test(password)) return "has more white space at its end than one newline";
  return undefined;
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const why = isMissing
      ? "does not exist: is the Secret there, and its key the right one?"
      : `cannot be read: ${causeOf(cause)}.`;
    throw new RepositoryError("PasswordMissing", `The password file ${file} ${why}`, { cause });
  }
}
