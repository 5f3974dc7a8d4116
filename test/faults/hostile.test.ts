import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeDocument } from "../../src/repository/documents.ts";
import { encodeLock } from "../../src/repository/lock-file.ts";
import { allowedBy, damageKinds, type Kind, sealedKinds } from "./hostile-kinds.ts";
import { seeded } from "./hostile-random.ts";
import { makeVictim, type Objects, type Victim } from "./hostile-repository.ts";
import { attacks } from "./hostile-targeted.ts";
import { makeSandbox, type Sandbox, tryMutant } from "./hostile-trial.ts";
import { isLong, reportMutants } from "./report.ts";

/**
 * Mutants of every kind of repository file: none may crash or hang the process, take memory without bound, write outside the
 * target folder, or restore wrong bytes as right. The choices are the same in every run, so that the same tree has the same answer;
 * another `HOLDFAST_TEST_SEED` makes others.
 */

const seed = Number(process.env.HOLDFAST_TEST_SEED ?? 20261123);
const scale = Number(process.env.HOLDFAST_TEST_MUTANTS ?? (isLong ? 10 : 1));
/** Of the whole process, which also makes the bombs, of up to 300 MB. */
const memoryCeiling = 1.5 * 1024 * 1024 * 1024;
const slowestMilliseconds = 20_000;

const victim: Victim = await makeVictim();
await writeDocument(victim.repository, "locks", encodeLock({ exclusive: false, hostname: "other", now: Date.now() }));
let folder: string;
let sandbox: Sandbox;

beforeAll(() => {
  folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "holdfast-hostile-"));
  sandbox = makeSandbox(folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  const isStandard = process.env.HOLDFAST_TEST_SEED === undefined && process.env.HOLDFAST_TEST_MUTANTS === undefined;
  if (isStandard) reportMutants(survived);
});

/** How many mutants of each kind there were. */
const survived = new Map<string, number>();
const attacksName = "attacks with the key that were thought of";

test("the victim itself is whole", async () => {
  const { verdicts, broken } = await tryMutant(new Map(victim.objects), allowedBy(victim), sandbox);
  expect(broken).toEqual([]);
  expect(verdicts).toEqual({
    open: "fine",
    list: "fine",
    check: "fine",
    restore: "fine",
    browse: "fine",
    prune: "fine",
    // The two days were written without knowledge of each other, so that there are spare copies for prune to remove.
    "restore after prune": "fine",
  });
});

const kinds: readonly Kind[] = [...damageKinds(Math.ceil(900 * scale)), ...sealedKinds(victim, Math.ceil(400 * scale))];

describe(`mutants of seed ${seed}`, () => {
  test.each(kinds.map((kind, number) => ({ ...kind, number })))(
    "$name ($mutants)",
    async ({ name, mutants, make, number }) => {
      const tally: Record<string, number> = {};
      for (let mutant = 0; mutant < mutants; mutant++) {
        const random = seeded(seed + number * 1_000_003 + mutant);
        const objects: Objects = new Map(victim.objects);
        const { what, contents } = make(objects, random);
        const since = performance.now();
        const { verdicts, broken } = await tryMutant(objects, allowedBy(victim, contents), sandbox);
        const where = `seed ${seed}, mutant ${mutant}: ${what.slice(0, 3000)}`;
        expect(broken, where).toEqual([]);
        expect(performance.now() - since, where).toBeLessThan(slowestMilliseconds);
        for (const [step, verdict] of Object.entries(verdicts)) {
          tally[`${step}: ${verdict}`] = (tally[`${step}: ${verdict}`] ?? 0) + 1;
        }
      }
      expect(process.memoryUsage().rss).toBeLessThan(memoryCeiling);
      console.log(tally);
      survived.set(name, mutants);
    },
  );
});

describe("attacks with the key", () => {
  test.each(attacks)("$name", async ({ make, verdicts: wanted }) => {
    const objects: Objects = new Map(victim.objects);
    const contents = make(victim, objects);
    const { verdicts, broken } = await tryMutant(objects, allowedBy(victim, contents), sandbox);
    expect(broken).toEqual([]);
    expect(verdicts).toMatchObject(wanted ?? {});
    survived.set(attacksName, (survived.get(attacksName) ?? 0) + 1);
  });

  test("took no more memory than the ceiling", () => {
    expect(process.resourceUsage().maxRSS * 1024).toBeLessThan(memoryCeiling);
  });
});
