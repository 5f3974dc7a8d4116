import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "../cluster/run.ts";
import type { Calls, Contestant } from "./contestants/contestant.ts";
import type { DataSet } from "./data/data-set.ts";
import { copyExactly } from "./data/prepare.ts";
import { type Command, measure } from "./measure.ts";
import { turns } from "./order.ts";
import { compare, type Referee } from "./referee.ts";
import type { Sample } from "./sample.ts";
import { isBackup, pointsKept, type Step, steps } from "./steps.ts";
import { type BenchStore, type Place, storedBytes } from "./stores.ts";

export interface RoundOptions {
  readonly repetition: number;
  readonly data: DataSet;
  /** The data set as it was made. */
  readonly pristine: string;
  readonly store: BenchStore;
  readonly contestants: readonly Contestant[];
  readonly referee: Referee;
  readonly scratch: string;
  readonly onSample: (sample: Sample) => void;
}

/** One contestant at work in this repetition. Whoever has failed once takes no further part. */
interface Player {
  readonly contestant: Contestant;
  readonly place: Place;
  readonly calls: Calls;
  hasFailed: boolean;
}

/**
 * One repetition: all contestants do the first step, then all the second, and so on, each in a repository of its own, over the
 * same source. What they did is judged at once, before their time counts. The repetition 0 is the warm-up, and the one in which
 * traffic is counted.
 */
export async function playRound(options: RoundOptions): Promise<void> {
  const { data, pristine, scratch, contestants, repetition } = options;
  const source = join(scratch, "source");
  rmSync(source, { recursive: true, force: true });
  await copyExactly(pristine, source);
  const players = contestants.map((contestant) => playerOf(options, contestant, source));
  for (const player of players) await attend(options, player, "first backup", () => runAll(player.calls.prepare));
  let changes = 0;
  const change = () => data.change({ folder: source, scratch, round: changes++ });
  for (const [number, step] of steps.entries()) {
    if (step === "1 % change") await change();
    if (step === "forget + prune") await addPoint(options, players, change);
    for (const player of turns(players, repetition, number)) {
      await attend(options, player, step, () => playStep(options, player, step, source));
    }
  }
  for (const { place } of players) rmSync(place.folder, { recursive: true, force: true });
  rmSync(source, { recursive: true, force: true });
}

function playerOf({ store, data, repetition, scratch }: RoundOptions, contestant: Contestant, source: string): Player {
  const name = `${data.name}-${contestant.name.replaceAll(/\W/g, "-")}-${repetition}`;
  const place = store.place(name, repetition === 0);
  const own = join(scratch, `own-${name}`);
  return { contestant, place, calls: contestant.calls({ place, source, own }), hasFailed: false };
}

/** One more point for each, not timed, so that there is something to forget. */
async function addPoint(options: RoundOptions, players: readonly Player[], change: () => Promise<void>): Promise<void> {
  await change();
  for (const player of players) {
    const { open, backup, forget } = player.calls;
    if (!backup || !forget) continue;
    await attend(options, player, "forget + prune", async () => {
      await runAll(open);
      await measure(backup);
    });
  }
}

/** An error is the result of its step. */
async function attend(options: RoundOptions, player: Player, step: Step, action: () => Promise<void>): Promise<void> {
  if (player.hasFailed) return;
  const { repetition, data, store, onSample } = options;
  try {
    await action();
  } catch (error) {
    player.hasFailed = true;
    const { name } = player.contestant;
    const failure = error instanceof Error ? error.message : String(error);
    onSample({ data: data.name, store: store.name, step, contestant: name, repetition, failure });
  }
}

async function playStep(options: RoundOptions, player: Player, step: Step, source: string): Promise<void> {
  const { data, store, repetition, scratch, onSample } = options;
  const file = data.oneFile(source);
  const target = join(scratch, "restored");
  const command = commandFor(player.calls, step, target, file);
  if (!command) return;
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target);
  await runAll(player.calls.open);
  await run(["sync"]); // what others left to be written does not count against this one
  const { result: cost, traffic } = await store.traffic(() => measure(command));
  const beganToSync = performance.now();
  if (step === "restore") await run(["sync", "-f", target]);
  const syncSeconds = (performance.now() - beganToSync) / 1000;
  await judge(options, player, step, source, file);
  rmSync(target, { recursive: true, force: true });
  const which = { data: data.name, store: store.name, step, contestant: player.contestant.name, repetition };
  const stored = step.startsWith("restore") ? 0 : storedBytes(player.place.folder);
  onSample({ ...which, cost, traffic, storedBytes: stored });
  if (step === "restore") {
    // Not every program waits for that before it says that it is done.
    const onDisk = { ...cost, wallSeconds: cost.wallSeconds + syncSeconds };
    onSample({ ...which, step: "restored and on the disk", cost: onDisk, traffic: undefined, storedBytes: 0 });
  }
}

function commandFor(calls: Calls, step: Step, target: string, file: string | undefined): Command | undefined {
  if (isBackup(step)) return step === "first backup" || calls.forget ? calls.backup : undefined;
  if (step === "restore") return calls.restore?.(target);
  if (step === "restore one file") return file === undefined ? undefined : calls.restoreFile?.(target, file);
  if (step === "forget + prune") return calls.forget?.(pointsKept);
  return step === "check --read-data" ? calls.check : undefined;
}

/** Rejects where what was backed up or restored is not what it should be. */
async function judge(
  { referee, scratch }: RoundOptions,
  { contestant, calls, place }: Player,
  step: Step,
  source: string,
  file: string | undefined,
): Promise<void> {
  const restored = calls.restored?.(join(scratch, "restored"));
  if (step === "restore" && restored) return compare(restored, source);
  if (step === "restore one file" && restored && file) return compare(join(restored, file), join(source, file));
  if (contestant.isLimit || step === "check --read-data") return;
  await referee.check(contestant, calls, place);
  await referee.compareNewest({ contestant, calls, place, source, scratch });
}

async function runAll(commands: readonly Command[] = []): Promise<void> {
  for (const command of commands) await measure(command);
}
