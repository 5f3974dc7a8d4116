import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { idOf } from "../repository/crypto.ts";
import { identify } from "./identify.ts";

const KiB = 1024;
const almostZero = Buffer.alloc(1024 * KiB);
almostZero[1024 * KiB - 1] = 1;
const pieces = [
  ...Array.from({ length: 23 }, (_, number) => randomBytes((number * 7919) % 300_000)),
  ...[512, 512, 513, 8192, 1024].map((length) => Buffer.alloc(length * KiB)),
  almostZero,
  Buffer.alloc(4096),
];

it.each([0, 1, 3, 50])("gives the ids in order, whatever the number of threads (%i)", async (threads) => {
  expect(await Array.fromAsync(identify(pieces, threads))).toEqual(pieces.map(idOf));
  expect(await Array.fromAsync(identify([], threads))).toEqual([]);
});

it("may be left at any piece", async () => {
  for await (const id of identify(pieces, 2)) {
    expect(id).toBe(idOf(pieces[0] as Buffer));
    break;
  }
});
