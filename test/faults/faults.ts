import { setTimeout as sleep } from "node:timers/promises";
import { StorageError } from "../../src/storage/errors.ts";
import type { StoredObject } from "../../src/storage/storage.ts";

/** What a store may do wrong. Each strikes the k-th of the operations that it is about, or all from the k-th on. */
export interface Fault {
  /** For the report. */
  readonly name: string;
  readonly on: readonly OperationKind[];
  readonly lasting?: boolean;
  /** Strikes only where the object was another one before. */
  readonly onlyOverwritten?: boolean;
  /** Runs in the place of the operation, which it may carry out. */
  strike(call: Call, struck: number): Promise<Answer>;
}

export const operationKinds = ["get", "put", "copy", "upload", "list", "delete"] as const;
export type OperationKind = (typeof operationKinds)[number];

/** One operation, on its way to the store. */
export interface Call {
  readonly kind: OperationKind;
  /** A key, or the prefix of a listing. */
  readonly key: string;
  perform(): Promise<Answer>;
  readonly past: Past;
}

export type Answer = Buffer | readonly StoredObject[] | undefined;

/** What the store knew and did before. */
export interface Past {
  /** What was removed, with its size. */
  readonly removed: readonly StoredObject[];
  /** The answer to the last reading. */
  readonly lastRead: Buffer | undefined;
  /** What this object was before it was overwritten. */
  readonly earlier: Buffer | undefined;
}

const unreachable = (what: string): StorageError => new StorageError("Unreachable", what, { transient: true });

const afterwards = (alter: (answer: Answer, call: Call) => Answer): Fault["strike"] => {
  return async (call) => alter(await call.perform(), call);
};

const onBuffer = (alter: (bytes: Buffer, call: Call) => Buffer): Fault["strike"] =>
  afterwards((answer, call) => (Buffer.isBuffer(answer) ? alter(answer, call) : answer));

const onListing = (alter: (objects: readonly StoredObject[], call: Call) => StoredObject[]): Fault["strike"] =>
  afterwards((answer, call) => (Array.isArray(answer) ? alter(answer, call) : answer));

export const faults: readonly Fault[] = [
  {
    name: "a passing error",
    on: operationKinds,
    async strike() {
      throw unreachable("a passing error");
    },
  },
  {
    name: "an error that no repetition mends",
    on: operationKinds,
    async strike() {
      throw new StorageError("Failed", "an error that stays");
    },
  },
  {
    name: "an outage for the rest of the run",
    on: operationKinds,
    lasting: true,
    async strike() {
      throw unreachable("an outage");
    },
  },
  {
    name: "a time-out: carried out, the answer lost",
    on: operationKinds,
    async strike(call) {
      await call.perform();
      throw unreachable("a lost answer");
    },
  },
  {
    name: "a time-out: carried out, then an outage",
    on: operationKinds,
    lasting: true,
    async strike(call, struck) {
      if (struck === 1) await call.perform();
      throw unreachable("a lost answer, and then no more");
    },
  },
  {
    name: "a slow answer, overtaken by later ones",
    on: operationKinds,
    async strike(call) {
      const answer = await call.perform();
      await sleep(20);
      return answer;
    },
  },
  {
    name: "a truncated read, reported",
    on: ["get"],
    async strike() {
      throw new StorageError("Corrupted", "the answer is shorter than it should be");
    },
  },
  {
    name: "a truncated read, not noticed by the store",
    on: ["get"],
    strike: onBuffer((bytes) => bytes.subarray(0, Math.floor(bytes.length / 2))),
  },
  {
    name: "a changed bit",
    on: ["get"],
    strike: onBuffer((bytes) => {
      const changed = Buffer.from(bytes);
      const at = Math.floor(bytes.length / 2);
      changed.writeUInt8((bytes[at] ?? 0) ^ 1, at);
      return changed;
    }),
  },
  {
    name: "the answer to another reading",
    on: ["get"],
    strike: onBuffer((bytes, { past }) => past.lastRead ?? bytes),
  },
  {
    name: "a stale reading: not there",
    on: ["get", "copy"],
    async strike({ key }) {
      throw new StorageError("NotFound", `There is no ${key} yet.`);
    },
  },
  {
    name: "a stale reading: as it was before",
    on: ["get"],
    onlyOverwritten: true,
    strike: onBuffer((bytes, { past }) => past.earlier ?? bytes),
  },
  {
    name: "a stale listing: without the newest object",
    on: ["list"],
    strike: onListing((objects) => objects.slice(0, -1)),
  },
  { name: "a stale listing: empty", on: ["list"], strike: onListing(() => []) },
  {
    name: "a stale listing: with what was removed",
    on: ["list"],
    strike: onListing((objects, { key, past }) => [
      ...objects,
      ...past.removed.filter(
        (object) => object.key.startsWith(key) && objects.every((other) => other.key !== object.key),
      ),
    ]),
  },
  {
    name: "every entry of a listing twice",
    on: ["list"],
    strike: onListing((objects) => objects.flatMap((object) => [object, object])),
  },
  {
    name: "listings in another order",
    on: ["list"],
    lasting: true,
    strike: onListing((objects) => [...objects].reverse()),
  },
  {
    name: "a request carried out twice",
    on: ["put", "copy", "upload", "delete"],
    async strike(call) {
      await call.perform();
      return call.perform();
    },
  },
  {
    name: "a full store",
    on: ["put", "copy", "upload"],
    lasting: true,
    async strike() {
      throw new StorageError("Full", "no space is left");
    },
  },
];
