import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { distribute } from "./distribute.ts";
import type { TargetSession } from "./session.ts";

/** A target of which every blob takes as long as `take` says. */
function sessionOf(take: () => Promise<void>) {
  let isBehind = false;
  const taken = { begun: 0, done: 0 };
  const session = {
    keptOthersWaiting: 0,
    failure: undefined as { readonly error: unknown } | undefined,
    get isBehind() {
      return isBehind;
    },
    fallBehind() {
      isBehind = true;
    },
    lacks: () => !isBehind && !session.failure,
    async add() {
      taken.begun++;
      await take();
      taken.done++;
    },
  };
  return { session: session as unknown as TargetSession & typeof session, taken };
}

const bytes = Buffer.from("content");
const id = "00".repeat(32);
const send = (sessions: readonly TargetSession[], patienceMilliseconds: number) =>
  distribute({ sessions, patienceMilliseconds, packing: { room: async () => {} } }, "data", id, bytes);

test("hands out nothing more before all have taken what there was", async () => {
  const { promise, resolve: letGo } = Promise.withResolvers<void>();
  const quick = sessionOf(async () => {});
  const slow = sessionOf(() => promise);
  let isOver = false;
  const sent = send([quick.session, slow.session], 60_000).then(() => {
    isOver = true;
  });
  await sleep(20);
  expect(isOver).toBe(false);
  expect([quick.taken, slow.taken]).toEqual([
    { begun: 1, done: 1 },
    { begun: 1, done: 0 },
  ]);
  letGo();
  await sent;
  expect(slow.session.isBehind).toBe(false);
});

test("goes on without one that has used up the patience, and hands it nothing more", async () => {
  const { promise, resolve: letGo } = Promise.withResolvers<void>();
  const quick = sessionOf(async () => {});
  const slow = sessionOf(() => promise);
  for (let blob = 0; blob < 5; blob++) await send([quick.session, slow.session], 50);
  expect(slow.session.isBehind).toBe(true);
  expect(quick.taken).toEqual({ begun: 5, done: 5 });
  expect(slow.taken).toEqual({ begun: 1, done: 0 });
  letGo();
});

test("has no patience left when its timer says so, also where the other clock is a little behind", async () => {
  const now = vi.spyOn(performance, "now").mockReturnValue(0);
  const { promise, resolve: letGo } = Promise.withResolvers<void>();
  const slow = sessionOf(() => promise);
  await send([sessionOf(async () => {}).session, slow.session], 20);
  now.mockRestore();
  expect(slow.session.isBehind).toBe(true);
  letGo();
});

test("counts together what one keeps the others waiting, blob by blob", async () => {
  const quick = sessionOf(async () => {});
  const slow = sessionOf(() => sleep(20));
  let blobs = 0;
  while (!slow.session.isBehind && blobs < 100) {
    await send([quick.session, slow.session], 100);
    blobs++;
  }
  expect(blobs).toBeGreaterThan(1);
  expect(blobs).toBeLessThan(10);
});

test("is patient without limit where nobody else is waiting", async () => {
  const failed = sessionOf(async () => {});
  failed.session.failure = { error: new Error("gone") };
  const slow = sessionOf(() => sleep(60));
  await send([failed.session, slow.session], 10);
  expect(slow.taken).toEqual({ begun: 1, done: 1 });
  expect(slow.session.isBehind).toBe(false);
});
