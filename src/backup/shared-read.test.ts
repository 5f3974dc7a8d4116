import { expect, test } from "vitest";
import { shareRead } from "./shared-read.ts";

const patient = { patienceMilliseconds: 60_000, isBehind: () => false };

/** A shared read for two, and who was there each time. */
function recorded(patienceMilliseconds = patient.patienceMilliseconds) {
  const reads: string[][] = [];
  const { participant } = shareRead({
    ...patient,
    patienceMilliseconds,
    expected: 2,
    async read(parties: readonly string[]) {
      reads.push([...parties]);
    },
  });
  return { reads, a: participant(), b: participant() };
}

test("begins when everybody has joined or left, and only once", async () => {
  const reads: string[][] = [];
  const shared = shareRead({
    ...patient,
    expected: 3,
    async read(parties: readonly string[]) {
      reads.push([...parties]);
      return parties.length;
    },
  });
  const [a, b, c] = [shared.participant(), shared.participant(), shared.participant()];
  const first = a.join("a");
  b.leave();
  b.leave();
  expect(reads).toEqual([]);
  const third = c.join("c");
  expect(await Promise.all([first, third])).toEqual([2, 2]);
  a.leave();
  expect(reads).toEqual([["a", "c"]]);
});

test("does not read for nobody", async () => {
  const reads: unknown[] = [];
  const shared = shareRead({ ...patient, expected: 1, read: async (parties) => reads.push(parties) });
  shared.participant().leave();
  await new Promise((resolve) => setImmediate(resolve));
  expect(reads).toEqual([]);
});

test("fails for everybody who took part", async () => {
  const shared = shareRead({ ...patient, expected: 2, read: () => Promise.reject(new Error("gone")) });
  const both = await Promise.allSettled([shared.participant().join(1), shared.participant().join(2)]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
});

test("does not wait for ever, and reads again for those who come later", async () => {
  const { reads, a, b } = recorded(10);
  await a.join("a");
  await b.join("b");
  expect(reads).toEqual([["a"], ["b"]]);
});

test("reads again for those who fell behind, also when the read failed for the others", async () => {
  const behind = new Set<string>();
  const shared = shareRead({
    ...patient,
    expected: 2,
    isBehind: (party) => behind.has(party),
    async read(parties: readonly string[]) {
      behind.clear();
      if (parties.length === 1) return "alone";
      behind.add("slow");
      throw new Error("nobody left");
    },
  });
  const [quick, slow] = [shared.participant().join("quick"), shared.participant().join("slow")];
  await expect(quick).rejects.toThrow("nobody left");
  expect(await slow).toBe("alone");
});

test("reads once more for who joins once more", async () => {
  const { reads, a, b } = recorded();
  await Promise.all([a.join("a"), b.join("b")]);
  await a.join("a");
  expect(reads).toEqual([["a", "b"], ["a"]]);
});

test("waits for who has withdrawn, and does not read with the party that is gone", async () => {
  const { reads, a, b } = recorded();
  void a.join("a, at first");
  a.withdraw("a, at first");
  const second = b.join("b");
  await new Promise((resolve) => setImmediate(resolve));
  expect(reads).toEqual([]);
  await Promise.all([second, a.join("a")]);
  a.withdraw("a");
  expect(reads).toEqual([["b", "a"]]);
});

test("does not wait less for the next one because somebody was there and has withdrawn", async () => {
  const { reads, a, b } = recorded(100);
  void a.join("a");
  a.withdraw("a");
  await new Promise((resolve) => setTimeout(resolve, 200));
  const joined = b.join("b");
  await new Promise((resolve) => setImmediate(resolve));
  expect(reads).toEqual([]);
  a.leave();
  await joined;
  expect(reads).toEqual([["b"]]);
});
