import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { checkout } from "../support/holdfast.ts";
import { newestRestic } from "../support/restic-versions.ts";
import type { Contestant } from "./contestants/contestant.ts";
import { holdfast } from "./contestants/holdfast.ts";
import { kopiaContestant } from "./contestants/kopia.ts";
import { copyLimit, putLimit } from "./contestants/limits.ts";
import { resticContestant } from "./contestants/restic.ts";
import { rusticContestant } from "./contestants/rustic.ts";
import { factsOf } from "./data/facts.ts";
import { dataSets, prepareData } from "./data/prepare.ts";
import { thisMachine } from "./machine.ts";
import { type BenchOptions, parseOptions } from "./options.ts";
import { createReferee } from "./referee.ts";
import { readParts, replacePart, writeReport } from "./report.ts";
import { playRound } from "./round.ts";
import type { Sample } from "./sample.ts";
import { openStore } from "./stores.ts";
import { formatSeconds } from "./table.ts";
import { touchMemory } from "./touch-memory.ts";

/** `make bench`: Holdfast and its peers side by side. See README.md beside this file. */
const options = parseOptions(process.argv.slice(2), process.env);
// PostgreSQL works in it as another user.
const scratch = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
chmodSync(scratch, 0o755);
process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

process.exitCode = (await play(options)) ? 0 : 1;

/** Whether every referee was content. */
async function play({ scale, data, stores, repetitions, peers, output }: BenchOptions): Promise<boolean> {
  const folder = resolve(checkout, output);
  const contestants = await contestantsOf(peers);
  const versions = Object.fromEntries(
    contestants.filter(({ isLimit }) => !isLimit).map(({ name, version }) => [name, version]),
  );
  const referee = await createReferee();
  if (scale === "full") touchMemory();
  let isGood = true;
  for (const set of dataSets.filter(({ name }) => data.includes(name))) {
    const pristine = await prepareData(set, scale, scratch);
    const facts = factsOf(set, pristine);
    for (const name of stores) {
      const samples: Sample[] = [];
      const onSample = (sample: Sample) => {
        samples.push(sample);
        console.log(lineOf(sample));
      };
      const store = await openStore(name, scratch);
      try {
        for (let repetition = 0; repetition <= repetitions; repetition++)
          await playRound({ repetition, data: set, pristine, store, contestants, referee, scratch, onSample });
      } finally {
        await store.close();
      }
      const part = { data: facts, store: name, machine: thisMachine(), versions, samples };
      console.log(`written so far: ${writeReport(folder, replacePart(readParts(folder), part), scale)}`);
      isGood &&= !samples.some((sample) => "failure" in sample);
    }
  }
  return isGood;
}

async function contestantsOf(peers: BenchOptions["peers"]): Promise<Contestant[]> {
  const restic = peers.restic ?? (await newestRestic()).binary;
  return [
    holdfast,
    resticContestant(restic, versionOf(restic, "version")),
    ...(peers.rustic ? [rusticContestant(peers.rustic, versionOf(peers.rustic, "--version"))] : []),
    ...(peers.kopia ? [kopiaContestant(peers.kopia, versionOf(peers.kopia, "--version"))] : []),
    copyLimit,
    putLimit,
  ];
}

function versionOf(binary: string, word: string): string {
  const said = execFileSync(binary, [word], { encoding: "utf8" });
  return /\d+\.\d+\S*/.exec(said)?.[0] ?? said.trim();
}

function lineOf(sample: Sample): string {
  const { repetition, data, store, step, contestant } = sample;
  const which = `${repetition === 0 ? "warm-up" : `run ${repetition}`}  ${data} ${store}  ${step}  ${contestant}`;
  if ("failure" in sample) return `${which}  FAILED: ${sample.failure}`;
  const { wallSeconds, cpuSeconds, peakBytes } = sample.cost;
  return `${which}  ${formatSeconds(wallSeconds)} s, CPU ${formatSeconds(cpuSeconds)} s, ${Math.round(peakBytes / 1e6)} MB`;
}
