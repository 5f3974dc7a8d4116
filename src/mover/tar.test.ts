import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { tarStream } from "../browse/tar.ts";
import { noHeader } from "../browse/tar-header.ts";
import { sourceOf, untar } from "../browse/testing.ts";
import { ReaderGone } from "./stdout.ts";
import { writeArchive } from "./tar.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-tar-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What comes out where the `last` write is the one in which the mover is told to stop, and whether writing rejected. */
async function stoppedAt(last: number) {
  const stopping = new AbortController();
  const { signal } = stopping;
  const written: Buffer[] = [];
  const write = async (bytes: Buffer) => {
    if (written.push(bytes) === last) stopping.abort(new Error("Stopped by SIGTERM."));
    signal.throwIfAborted();
  };
  const source = sourceOf({ a: [512], b: [700, 324], c: [], d: { e: [3] } });
  const place = { node: undefined, tree: "root", parts: [] };
  const failure = await writeArchive(tarStream({ source, place, signal, onLeftOut: () => {} }), { write }).catch(
    (error: Error) => error.message,
  );
  return { bytes: Buffer.concat(written), writes: written.length, failure };
}

it("is not whole to tar wherever the mover is told to stop, also between two entries", async () => {
  const { writes, failure } = await stoppedAt(0);
  expect(failure).toBeUndefined();
  const marked = [];
  for (let last = 1; last < writes; last++) {
    const { bytes, failure } = await stoppedAt(last);
    expect(failure).toBe("Stopped by SIGTERM.");
    const { status, stderr } = untar(folder, bytes);
    expect(status, `${last}: ${stderr}`).toBe(2);
    if (bytes.subarray(-512).equals(noHeader())) marked.push(last);
  }
  // Behind each entry: a and b fill their blocks, c and the folder d are but headers, and e has a padding.
  expect(marked).toEqual([2, 5, 6, 7, 10]);
});

it("leaves a reader alone who is gone", async () => {
  const write = async () => {
    throw new ReaderGone();
  };
  const place = { node: undefined, tree: "root", parts: [] };
  const { signal } = new AbortController();
  const stream = tarStream({ source: sourceOf({ a: [512] }), place, signal, onLeftOut: () => {} });
  await expect(writeArchive(stream, { write })).rejects.toThrow(ReaderGone);
});
