import { readFileSync } from "node:fs";
import { RepositoryError } from "../repository/errors.ts";

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

function readFileOrThrow(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const why = isMissing ? "does not exist: is the Secret there, and its key the right one?" : "cannot be read.";
    throw new RepositoryError("PasswordMissing", `The password file ${file} ${why}`, { cause });
  }
}
