import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import { loadIndex } from "../repository/load-index.ts";
import { withLock } from "../repository/locks.ts";
import { testLock, testRepository, testWriter } from "../repository/testing.ts";
import { createSession, isActive } from "./session.ts";

/** A session whose lock may be lost. */
async function begin() {
  const { repository } = await testRepository();
  const indexed = await loadIndex(repository);
  const loss = new AbortController();
  const writer = testWriter({ repository, index: indexed.index });
  const session = await withLock(repository, { ...testLock, exclusive: false }, async (lock) =>
    createSession({
      name: "first",
      repository: indexed,
      writer,
      lock: { ...lock, signal: loss.signal },
      parent: undefined,
      notices: [],
    }),
  );
  return { session, loss };
}

it("fails with its lock, and takes nothing more", async () => {
  const { session, loss } = await begin();
  expect(isActive(session)).toBe(true);
  expect(session.lacks("a".repeat(64), "data")).toBe(true);
  const reason = new Error("the lock was lost");
  loss.abort(reason);
  expect(session.failure?.error).toBe(reason);
  expect(session.lacks("a".repeat(64), "data")).toBe(false);
});

it("is not held by the lock's signal after its end", async () => {
  const { session, loss } = await begin();
  expect(getEventListeners(loss.signal, "abort")).toHaveLength(1);
  session.end();
  expect(getEventListeners(loss.signal, "abort")).toHaveLength(0);
});
