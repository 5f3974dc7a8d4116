import { expect } from "vitest";
import { holdfast, type Ran } from "../support/holdfast.ts";
import type { MirrorPlace } from "./mirror-places.ts";

/** Runs a command of the mover on a mirror; no password is given. */
export const run = (place: MirrorPlace, words: readonly string[]): Promise<Ran> =>
  holdfast(["mover", ...words, "--repository", place.url, "--json"], {
    password: "",
    environment: place.environment,
  });

/** The same, for what must end well. */
export async function succeeds(place: MirrorPlace, words: readonly string[]): Promise<Ran> {
  const ran = await run(place, words);
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  return ran;
}

export const mirrorWords = (source: string): string[] => [
  "backup",
  "--type",
  "Mirror",
  "--unencrypted",
  "--source",
  source,
];

export interface MirrorResult {
  readonly state: string;
  readonly reason?: string;
  readonly message?: string;
  readonly failedPaths: readonly string[];
  readonly bytesRead: number;
  readonly targets: readonly {
    readonly type: string;
    readonly snapshot: string;
    readonly bytesStored: number;
    readonly massChange?: {
      readonly share: number;
      readonly token: string;
      readonly removed: { readonly files: number };
    };
  }[];
}

export async function mirror(place: MirrorPlace, source: string, more: readonly string[] = []): Promise<MirrorResult> {
  return (await succeeds(place, [...mirrorWords(source), ...more])).result<MirrorResult>();
}
