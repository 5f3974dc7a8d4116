import type { Storage } from "../../src/storage/storage.ts";
import type { Objects } from "./hostile-repository.ts";

/** A command that is tried under every fault. */
export interface Scenario {
  readonly name: string;
  /** `folder` is for whatever the command and its judge need, and does not exist yet. */
  prepare(folder: string): Promise<Subject>;
}

/** What a command works on, to be tried on copies of it, several at the same time. */
export interface Subject {
  /** The whole store before the command. */
  readonly objects: Objects;
  /** Where in the store the command works: empty, or ends in `/`. What lies elsewhere is somebody else's. */
  readonly prefix: string;
  /** What objects were before they were overwritten: what a store may still answer that is behind. By whole key. */
  readonly earlier: ReadonlyMap<string, Buffer>;
  /** Each attempt is a holder of its own, who knows that those before it are dead. Never rejects. */
  run(storage: Storage, attempt: number): Promise<Ended>;
  readonly judge: Judge;
}

export interface Ended {
  /** The command says that all of it is done. */
  readonly isDone: boolean;
  /** What it said otherwise, for messages. */
  readonly said: string;
  /** A snapshot that it says it wrote. */
  readonly wrote?: string | undefined;
  /** Bytes of packs that it says are gone. */
  readonly freed?: number;
  /** What it says it brought back, as `folderState` tells it. */
  readonly restored?: Readonly<Record<string, string>>;
}

/** Judges what a command left in a store. */
export interface Judge {
  /** Whatever counted before is there and restores as it was, and nothing is damaged. */
  expectWhole(objects: Objects): Promise<void>;
  /** What a command says it did is so. `before` is the size of the store when it began. */
  expectDone(objects: Objects, ended: Ended, before: number): Promise<void>;
  /** Nothing is left over after the next run. */
  expectClean(objects: Objects): Promise<void>;
  /** Plain restic, which knows nothing of us, finds every byte in its place. */
  expectResticContent?(objects: Objects): Promise<void>;
}

export const sizeOf = (objects: Objects): number => [...objects.values()].reduce((sum, { length }) => sum + length, 0);
