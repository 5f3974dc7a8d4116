import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { attempt } from "../cluster/run.ts";
import { resticFor } from "../support/restic.ts";
import { newestRestic } from "../support/restic-versions.ts";
import type { Calls } from "./contestants/contestant.ts";
import { type Contestant, password } from "./contestants/contestant.ts";
import { measure } from "./measure.ts";
import type { Place } from "./stores.ts";

export interface Referee {
  /** `restic check --read-data`; a repository that is not restic's is checked by its own program. Rejects with what is wrong. */
  check(contestant: Contestant, calls: Calls, place: Place): Promise<void>;
  /** Restores the newest point, by restic where it can, and compares it with the source byte by byte. */
  compareNewest(options: {
    readonly contestant: Contestant;
    readonly calls: Calls;
    readonly place: Place;
    readonly source: string;
    readonly scratch: string;
  }): Promise<void>;
}

/** Judges by the files of the repository, also those in an S3 store: the judging need not take long. */
export async function createReferee(): Promise<Referee> {
  const { binary } = await newestRestic();
  const resticIn = (place: Place) => resticFor(place.folder, password, {}, binary);
  return {
    async check({ isRestic }, calls, place) {
      if (!isRestic) {
        if (calls.check) await measure(calls.check);
        return;
      }
      const said = await resticIn(place).run("check", "--read-data");
      if (!said.includes("no errors were found")) throw new Error(`restic check is not content:\n${said}`);
    },
    async compareNewest({ contestant, calls, place, source, scratch }) {
      const target = join(scratch, "judged");
      rmSync(target, { recursive: true, force: true });
      mkdirSync(target);
      if (contestant.isRestic) {
        await resticIn(place).run("restore", "latest", "--target", target);
        await compare(join(target, source), source);
      } else if (calls.restore && calls.restored) {
        await measure(calls.restore(target));
        await compare(calls.restored(target), source);
      }
      rmSync(target, { recursive: true, force: true });
    },
  };
}

/** Rejects where two files or folders differ in names or bytes, by diffutils. */
export async function compare(restored: string, original: string): Promise<void> {
  const { code, stdout, stderr } = await attempt(["diff", "-r", "-q", "--no-dereference", restored, original]);
  if (code === 0) return;
  throw new Error(`What was restored differs:\n${`${stdout}${stderr}`.trim().split("\n").slice(0, 5).join("\n")}`);
}
