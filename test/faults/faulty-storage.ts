import { memoryStorage } from "../../src/storage/memory.ts";
import { retrying } from "../../src/storage/retry.ts";
import type { Storage, StoredObject } from "../../src/storage/storage.ts";
import { type Answer, type Call, type Fault, type OperationKind, operationKinds } from "./faults.ts";
import type { Objects } from "./hostile-repository.ts";

/** Strikes at the k-th operation of its kinds, counted from 1. */
export interface FaultPoint {
  readonly fault: Fault;
  readonly at: number;
}

export type Counts = Record<OperationKind, number>;

export interface FaultyStore {
  /** With the retries that every store has, only more hurried. */
  readonly storage: Storage;
  readonly counts: Counts;
  /** How often the fault has struck. */
  readonly struck: () => number;
}

/** A store in memory that does something wrong at one point; without a point it only counts. */
export function faultyStore(objects: Objects, point?: FaultPoint): FaultyStore {
  const counts = Object.fromEntries(operationKinds.map((kind) => [kind, 0])) as Counts;
  const memory = memoryStorage(objects);
  const removed: StoredObject[] = [];
  let lastRead: Buffer | undefined;
  let concerned = 0;
  let struck = 0;

  const operate = async (kind: OperationKind, key: string, perform: () => Promise<Answer>): Promise<Answer> => {
    counts[kind]++;
    const call: Call = { kind, key, perform, past: { removed, lastRead } };
    const fault = point?.fault.on.includes(kind) && isDue(point, ++concerned) ? point.fault : undefined;
    const answer = fault ? await fault.strike(call, ++struck) : await perform();
    if (Buffer.isBuffer(answer)) lastRead = answer;
    return answer;
  };
  const storage: Storage = {
    ...memory,
    get: async (key, range) => (await operate("get", key, () => memory.get(key, range))) as Buffer,
    async put(key, data, options) {
      await operate("put", key, async () => {
        await memory.put(key, data, options);
        return undefined;
      });
    },
    async *list(prefix) {
      const answer = await operate("list", prefix, () => Array.fromAsync(memory.list(prefix)));
      yield* answer as readonly StoredObject[];
    },
    async delete(key) {
      await operate("delete", key, async () => {
        const object = objects.get(key);
        if (object) removed.push({ key, size: object.length });
        await memory.delete(key);
        return undefined;
      });
    },
  };
  const hurry = { firstPauseMs: 1, longestPauseMs: 2, firstContactMs: 8, outageMs: 8 };
  return { storage: retrying(storage, hurry), counts, struck: () => struck };
}

const isDue = ({ fault, at }: FaultPoint, number: number): boolean => (fault.lasting ? number >= at : number === at);

/** How many points there are for a fault, in a run with these operations. */
export const pointsFor = ({ on }: Fault, counts: Counts): number => on.reduce((sum, kind) => sum + counts[kind], 0);
