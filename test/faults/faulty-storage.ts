import { memoryStorage } from "../../src/storage/memory.ts";
import { retrying } from "../../src/storage/retry.ts";
import type { PutOptions, Storage, StoredObject } from "../../src/storage/storage.ts";
import type { Subject } from "./fault-subject.ts";
import type { Answer, Call, Fault, OperationKind } from "./faults.ts";

/** Strikes at the k-th operation of its kinds, counted from 1. */
export interface FaultPoint {
  readonly fault: Fault;
  readonly at: number;
}

export interface Operation {
  readonly kind: OperationKind;
  /** A key, or the prefix of a listing. */
  readonly key: string;
  /** Of an object that was another one before: a store that is behind may answer with that. */
  readonly wasOverwritten: boolean;
}

export interface FaultyStore {
  /** With the retries that every store has, only more hurried. */
  readonly storage: Storage;
  readonly operations: readonly Operation[];
  /** How often the fault has struck. */
  readonly struck: () => number;
}

/** A store in memory that does something wrong at one point; without a point it only records. */
export function faultyStore(
  { objects, prefix, earlier: before }: Pick<Subject, "objects" | "prefix" | "earlier">,
  point?: FaultPoint,
): FaultyStore {
  const operations: Operation[] = [];
  const memory = memoryStorage(objects, prefix);
  const earlier = new Map(before);
  const removed: StoredObject[] = [];
  let lastRead: Buffer | undefined;
  let concerned = 0;
  let struck = 0;

  const operate = async <T extends Answer>(kind: OperationKind, key: string, perform: () => Promise<T>): Promise<T> => {
    const old = earlier.get(prefix + key);
    const operation = { kind, key, wasOverwritten: old !== undefined };
    operations.push(operation);
    const call: Call = { kind, key, perform, past: { removed, lastRead, earlier: old } };
    const fault = point && concerns(point.fault, operation) && isDue(point, ++concerned) ? point.fault : undefined;
    const answer = fault ? await fault.strike(call, ++struck) : await perform();
    if (Buffer.isBuffer(answer)) lastRead = answer;
    return answer as T;
  };
  const act = async (kind: OperationKind, key: string, perform: () => Promise<void>): Promise<void> => {
    await operate(kind, key, () => perform().then(() => undefined));
  };
  const put = async (key: string, data: Uint8Array, options?: PutOptions): Promise<void> => {
    const old = objects.get(prefix + key);
    await memory.put(key, data, options);
    if (old) earlier.set(prefix + key, old);
  };
  const storage: Storage = {
    ...memory,
    get: (key, range) => operate("get", key, () => memory.get(key, range)),
    put: (key, data, options) => act("put", key, () => put(key, data, options)),
    copy: (from, to) => act("copy", from, async () => put(to, await memory.get(from))),
    async upload(key) {
      // As S3 does it: a part that is sent again replaces itself.
      const parts: Buffer[] = [];
      let number = 0;
      await act("upload", key, async () => {});
      return {
        async add(data) {
          await act("upload", key, async () => {
            parts[number] = Buffer.from(data);
          });
          number++;
        },
        complete: () => act("upload", key, () => put(key, Buffer.concat(parts))),
        abort: () => act("upload", key, async () => {}),
      };
    },
    async *list(prefix) {
      yield* await operate("list", prefix, () => Array.fromAsync(memory.list(prefix)));
    },
    delete: (key) =>
      act("delete", key, async () => {
        const object = objects.get(prefix + key);
        if (object) removed.push({ key, size: object.length, modified: 0 });
        await memory.delete(key);
      }),
  };
  const hurry = { firstPauseMs: 1, longestPauseMs: 2, firstContactMs: 8, outageMs: 8 };
  return { storage: retrying(storage, hurry), operations, struck: () => struck };
}

const isDue = ({ fault, at }: FaultPoint, number: number): boolean => (fault.lasting ? number >= at : number === at);

/** How many points there are for a fault, in a run with these operations. */
export const pointsFor = (fault: Fault, operations: readonly Operation[]): number =>
  operations.filter((operation) => concerns(fault, operation)).length;

const concerns = ({ on, onlyOverwritten }: Fault, { kind, wasOverwritten }: Operation): boolean =>
  on.includes(kind) && (wasOverwritten || !onlyOverwritten);
