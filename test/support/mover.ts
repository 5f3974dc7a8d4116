import { expect } from "vitest";
import { holdfast, type Ran, type RunOptions } from "./holdfast.ts";
import type { RepositoryPlace } from "./repository-place.ts";

/** Runs a command of our mover on a repository, which must end with this exit code; no stack may be shown. */
export async function mover(
  { url, password, environment }: Pick<RepositoryPlace, "url" | "password" | "environment">,
  words: readonly string[],
  { code = 0, ...options }: RunOptions & { readonly code?: number } = {},
): Promise<Ran> {
  const merged = { password, ...options, environment: { ...environment, ...options.environment } };
  const ran = await holdfast(["mover", ...words, "--repository", url], merged);
  expect(ran.code, `${words.join(" ")}\n${ran.stdout}${ran.stderr}`).toBe(code);
  expect(ran.stderr, "a stack is for us, not for people").not.toMatch(/^ {4}at /m);
  return ran;
}
