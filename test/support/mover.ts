import { expect } from "vitest";
import { type MoverResult, moverResult } from "../../src/contract/results.ts";
import { holdfast, type Ran, type RunOptions } from "./holdfast.ts";
import type { RepositoryPlace } from "./repository-place.ts";

interface Expected extends RunOptions {
  readonly code?: number;
}

/** Runs a command of our mover, which must end with this exit code, 0 where none is given; no stack may be shown. */
export async function moverWith(words: readonly string[], { code = 0, ...options }: Expected = {}): Promise<Ran> {
  const ran = await holdfast(["mover", ...words], options);
  expect(ran.code, `${words.join(" ")}\n${ran.stdout}${ran.stderr}`).toBe(code);
  expect(ran.stderr, "a stack is for us, not for people").not.toMatch(/^ {4}at /m);
  return ran;
}

/** With `--json`; the result must be as the contract says. */
export async function resultOf(words: readonly string[], expected: Expected = {}): Promise<MoverResult> {
  const ran = await moverWith([...words, "--json"], expected);
  return moverResult.parse(ran.result());
}

/** Runs a command on a repository. */
export const mover = (
  { url, password, environment }: Pick<RepositoryPlace, "url" | "password" | "environment">,
  words: readonly string[],
  options: Expected = {},
): Promise<Ran> =>
  moverWith([...words, "--repository", url], {
    password,
    ...options,
    environment: { ...environment, ...options.environment },
  });
