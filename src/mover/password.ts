import { readFileSync } from "node:fs";
import { RepositoryError } from "../repository/errors.ts";
import { causeOf } from "../system/cause.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The repository's password: from the file that is named, or the one in `HOLDFAST_PASSWORD_FILE`, or `HOLDFAST_PASSWORD`.
 * A newline at the end of a file is not part of it. Throws `PasswordMissing`.
 */
export function readPassword(passwordFile: string | undefined, environment: Environment): string {
  const file = passwordFile ?? environment.HOLDFAST_PASSWORD_FILE;
  const password = file ? readFileOrThrow(file) : environment.HOLDFAST_PASSWORD;
  if (password) return password;
  throw new RepositoryError(
    "PasswordMissing",
    file
      ? `The password file ${file} is empty: put the repository's password into it.`
      : "There is no password: give it in HOLDFAST_PASSWORD_FILE or HOLDFAST_PASSWORD.",
  );
}

/**
 * The password to come, from the file in `HOLDFAST_NEW_PASSWORD_FILE` or from `HOLDFAST_NEW_PASSWORD`; never an argument, which
 * every process of the machine can read. Throws `PasswordMissing`.
 */
export function readNewPassword(environment: Environment): string {
  const password = readNewPasswordIfGiven(environment);
  if (password !== undefined) return password;
  throw new RepositoryError(
    "PasswordMissing",
    "There is no new password: give it in HOLDFAST_NEW_PASSWORD_FILE or HOLDFAST_NEW_PASSWORD.",
  );
}

/** As `readNewPassword`; undefined where neither is set. */
export function readNewPasswordIfGiven(environment: Environment): string | undefined {
  const { HOLDFAST_NEW_PASSWORD_FILE: file, HOLDFAST_NEW_PASSWORD: value } = environment;
  if (!file) return value || undefined;
  const password = readFileOrThrow(file);
  if (password) return password;
  throw new RepositoryError("PasswordMissing", `The password file ${file} is empty: put the new password into it.`);
}

function readFileOrThrow(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const why = isMissing
      ? "does not exist: is the Secret there, and its key the right one?"
      : `cannot be read: ${causeOf(cause)}.`;
    throw new RepositoryError("PasswordMissing", `The password file ${file} ${why}`, { cause });
  }
}
