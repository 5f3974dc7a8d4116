import { randomBytes } from "node:crypto";
import { appendFileSync, cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { forEachConcurrently } from "../../src/repository/concurrency.ts";
import { makeOddFolder } from "../support/odd-folder.ts";
import { reportSection } from "../support/report.ts";
import { resticFor } from "../support/restic.ts";
import { type ResticVersion, resticVersions } from "../support/restic-versions.ts";
import { type Chain, packsIn, password, type Run, removePacks, useChains } from "./chains.ts";

// What a Differential is for: it depends on its chain's Full and itself. So everything that other runs wrote is really deleted, and
// each Differential restored, by our program (which has no restic at hand) and by plain restic.

const [older, newest] = await resticVersions();
const restics = [
  ["the system's restic", older],
  ["the newest restic", newest],
] as const;
const concurrentRestores = 3;

const report = reportSection({
  name: "differential",
  title: "Differentials: what they depend on",
  text: `
A chain of a Full, an Incremental, a Differential, a backup by restic, an Incremental and a Differential, of data that changes in
between, or a shorter one. Something was done to it; then the snapshots were restored by Holdfast, with no restic at hand, and by
restic, and compared with the folder as it was: byte by byte and in the attributes that [fidelity](#fidelity-what-comes-back) lists.`,
  columns: ["what was done", "what was restored", "outcome"],
});
const { newFolder, newChain, mover, run, resticRun, expectRestores } = useChains();

/** Who makes the index anew, and the restic that judges then. */
const rebuilders: readonly (readonly [string, ResticVersion, (repository: string) => Promise<unknown>])[] = [
  // It says that packs are missing, and that it is done.
  ["Holdfast", newest, (repository) => mover(repository, ["repair", "index"], 3)],
  ...restics.map(
    ([name, version]) =>
      [
        name,
        version,
        (repository: string) => resticFor(repository, password, {}, version.binary).run("rebuild-index"),
      ] as const,
  ),
];

describe("each Differential of a chain", () => {
  let chain: Chain;

  beforeAll(async () => {
    chain = newChain();
    const { source } = chain;
    const change = (round: number) => {
      writeFileSync(join(source, `added in ${round}`), randomBytes(700_000));
      appendFileSync(join(source, "growing"), randomBytes(300_000));
      writeFileSync(join(source, "deep/er/and/deeper", "changing"), `round ${round}`);
      rmSync(join(source, `added in ${round - 2}`), { force: true });
    };
    makeOddFolder(source);
    writeFileSync(join(source, "growing"), randomBytes(3_000_000));
    await run(chain, "Full");
    for (const [round, type] of ["Incremental", "Differential", "restic", "Incremental", "Differential"].entries()) {
      change(round);
      if (type === "restic") await resticRun(chain);
      else await run(chain, type as "Incremental");
    }
  });

  it("is of its type, and all of them are whole", async () => {
    expect(chain.runs.map(({ type }) => type)).toEqual([
      "Full",
      "Incremental",
      "Differential",
      "restic",
      "Incremental",
      "Differential",
    ]);
    expect((await mover(chain.repository, ["check", "--read-data"])).stdout).not.toContain("Differential");
    for (const [, { binary }] of restics) await resticFor(chain.repository, password, {}, binary).check();
    await forEachConcurrently(chain.runs, concurrentRestores, (each) =>
      expectRestores(chain.repository, chain.source, each),
    );
    report.row("nothing", "every snapshot", "the same");
  });

  it("writes again what restic wrote, and says that nobody knows who did", () => {
    expect(chain.runs.at(-1)?.message).toContain("Nobody knows which run wrote");
  });

  it.each(rebuilders)(
    "restores when every pack of every other run is gone, with an index made anew by %s",
    async (name, version, rebuild) => {
      for (const differential of chain.runs.filter(({ type }) => type === "Differential")) {
        const copy = newFolder();
        cpSync(chain.repository, copy, { recursive: true });
        const others = chain.runs.filter((each) => each !== differential && each.type !== "Full");
        for (const { packs } of others) removePacks(copy, packs);
        expect(packsIn(copy).size).toBe((chain.runs[0]?.packs.size ?? 0) + differential.packs.size);
        await rebuild(copy);
        await expectRestores(copy, chain.source, differential, version);
        // With nothing but its own snapshot plain restic finds it whole.
        const restic = resticFor(copy, password, {}, version.binary);
        await restic.run(
          "forget",
          ...chain.runs.filter((each) => each !== differential).map(({ snapshot }) => snapshot),
        );
        expect(await restic.run("check", "--read-data")).toContain("no errors were found");
        rmSync(copy, { recursive: true });
      }
      report.row(
        `every pack deleted that another run but the Full wrote; the index made anew by ${name}`,
        "each Differential",
        "the same",
      );
    },
  );

  it("is not to be had from the Full and another's packs alone", async () => {
    const [full, incremental] = chain.runs;
    const copy = newFolder();
    cpSync(chain.repository, copy, { recursive: true });
    for (const each of chain.runs) if (each !== full && each !== incremental) removePacks(copy, each.packs);
    const differential = chain.runs[2];
    const target = newFolder();
    await mover(copy, ["restore", "--snapshot", differential?.snapshot ?? "", "--target", target], 1);
    rmSync(copy, { recursive: true });
    report.row("the Differential's own packs deleted, as a control", "this Differential", "refused, and said why");
  });
});

it("a chain that is destroyed takes nothing from the next one", async () => {
  const first = newChain();
  const { source } = first;
  writeFileSync(join(source, "kept"), randomBytes(500_000));
  await run(first, "Full");
  writeFileSync(join(source, "added"), randomBytes(200_000));
  await run(first, "Incremental");
  const second: Chain = { ...first, repository: newFolder(), runs: [] };
  await run(second, "Full");
  writeFileSync(join(source, "more"), randomBytes(200_000));
  await run(second, "Differential");
  rmSync(first.repository, { recursive: true });
  for (const each of second.runs) await expectRestores(second.repository, source, each);
  report.row("a whole chain deleted", "the Full and the Differential of the next chain", "the same");
});

describe("the copies that a Differential has of its own", () => {
  async function chainWithCopies(): Promise<Chain> {
    const chain = newChain();
    const { source } = chain;
    writeFileSync(join(source, "base"), randomBytes(400_000));
    await run(chain, "Full");
    writeFileSync(join(source, "added"), randomBytes(2_000_000));
    await run(chain, "Incremental");
    await run(chain, "Differential");
    writeFileSync(join(source, "last"), randomBytes(300_000));
    await run(chain, "Differential");
    return chain;
  }
  const prune = (repository: string) => mover(repository, ["forget", "--keep-last", "100", "--prune"]);
  const isThere = (repository: string, { packs }: Run) => packs.isSubsetOf(packsIn(repository));

  it("stay through our prune while they are in use, and go when it is forgotten", async () => {
    const { source, repository, runs } = await chainWithCopies();
    const [full, , differential, last] = runs as [Run, Run, Run, Run];
    await prune(repository);
    expect([differential, last].map((each) => isThere(repository, each))).toEqual([true, true]);
    const kept = packsIn(repository);

    const alone = newFolder();
    cpSync(repository, alone, { recursive: true });
    removePacks(alone, kept.difference(full.packs).difference(differential.packs));
    await mover(alone, ["repair", "index"], 3);
    await expectRestores(alone, source, differential);

    await resticFor(repository, password).run("forget", last.snapshot);
    await prune(repository);
    expect(packsIn(repository).isDisjointFrom(last.packs), "all that only it needed").toBe(true);
    expect(isThere(repository, differential)).toBe(true);
    expect((await mover(repository, ["check", "--read-data"])).stdout).toContain("No problems were found");
    await resticFor(repository, password).check();
    for (const each of runs) if (each !== last) await expectRestores(repository, source, each);
    report.row("our prune", "a Differential alone, as above", "the same: its own copies stay");
    report.row(
      "a Differential forgotten, and our prune",
      "every other snapshot",
      "the same; the copies that were its own are freed",
    );
  });

  it.each(restics)("go with a prune by hand by %s, which takes no data: check says so", async (name, version) => {
    const chain = await chainWithCopies();
    const { source, repository, runs } = chain;
    const restic = resticFor(repository, password, {}, version.binary);
    const differential = runs[2] as Run;
    await restic.run("prune", "--max-unused", "0");
    await forEachConcurrently(runs, concurrentRestores, (each) => expectRestores(repository, source, each, version));
    const { stdout } = await mover(repository, ["check", "--read-data"]);
    expect(stdout).toContain(`snapshot ${differential.snapshot.slice(0, 8)} is a Differential, but needs`);
    expect(stdout).toContain("No problems were found");

    const next = await run(chain, "Differential");
    expect(next.message).toContain("Nobody knows which run wrote");
    const after = (await mover(repository, ["check", "--read-data"])).stdout;
    expect(after).not.toContain(next.snapshot.slice(0, 8));
    removePacks(repository, packsIn(repository).difference(next.packs));
    await mover(repository, ["repair", "index"], 3);
    await expectRestores(repository, source, next, version);
    report.row(
      `a prune by ${name}`,
      "every snapshot; the next Differential alone, as above",
      "the same; our check says that the older Differentials are not independent any more",
    );
  });
});
