import { describe, expect, it } from "vitest";
import type { PackBlob } from "../repository/blobs.ts";
import { RepositoryError } from "../repository/errors.ts";
import type { BlobLocation } from "../repository/types.ts";
import { type Piece, streamPieces } from "./stream.ts";

const { signal } = new AbortController();
const mebibyte = 1024 * 1024;

/** Parts of a mebibyte, whose first byte is their number; four to a pack. */
const partOf = (number: number): BlobLocation => ({
  id: String(number),
  type: "data",
  pack: `pack ${Math.floor(number / 4)}`,
  offset: number % 4,
  length: mebibyte,
  plainLength: mebibyte,
  compressed: false,
});

function sourceOf(change: (blob: PackBlob) => PackBlob = (blob) => blob) {
  const requests: string[] = [];
  return {
    requests,
    source: {
      readTree: () => Promise.reject(new Error("no trees here")),
      locate: () => ({ damage: "no files here" }),
      async *readParts(object: string, locations: readonly BlobLocation[]) {
        requests.push(`${object}: ${locations.map(({ id }) => id)}`);
        // Not in the order that they are wanted in.
        for (const location of locations.toReversed())
          yield change({ location, plaintext: Buffer.alloc(mebibyte, Number(location.id)) });
      },
    },
  };
}

const path = Buffer.from("/data/file");
const pieceOf = (number: number): Piece => ({ part: partOf(number), path });

async function collect(stream: AsyncIterable<Buffer>): Promise<string[]> {
  const collected: string[] = [];
  for await (const bytes of stream) collected.push(bytes.length === mebibyte ? String(bytes[0]) : bytes.toString());
  return collected;
}

describe("streamPieces", () => {
  it("keeps the order, and fetches what lies in one pack together, each blob once", async () => {
    const { source, requests } = sourceOf();
    const pieces = [Buffer.from("begin"), ...[3, 1, 4, 1, 5].map(pieceOf), Buffer.from("end")];
    expect(await collect(streamPieces({ source, pieces, signal }))).toEqual(["begin", "3", "1", "4", "1", "5", "end"]);
    expect(requests).toEqual(["pack 0: 3,1", "pack 1: 4,5"]);
  });

  it("fetches no more than a window ahead of its reader", async () => {
    const { source, requests } = sourceOf();
    const pieces = Array.from({ length: 40 }, (_, number) => pieceOf(number));
    const stream = streamPieces({ source, pieces, signal, windowBytes: 4 * mebibyte });
    await stream.next();
    expect(requests.length).toBe(2);
    await stream.return(undefined);
    expect(requests.length).toBe(2);
  });

  it("takes no more memory for a blob that repeats a hundred thousand times", async () => {
    const { source } = sourceOf();
    function* pieces() {
      for (let at = 0; at < 100_000; at++) yield pieceOf(7);
    }
    const before = process.memoryUsage().arrayBuffers;
    let [bytes, most] = [0, 0];
    for await (const part of streamPieces({ source, pieces: pieces(), signal })) {
      bytes += part.length;
      // Asking takes as long as a thousand parts do.
      if (bytes % (1000 * mebibyte) === 0) most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    expect(bytes).toBe(100_000 * mebibyte);
    expect(most).toBeLessThan(64 * mebibyte);
  });

  it.each([
    [
      "damaged",
      ({ location }: PackBlob) => ({ location, error: new RepositoryError("RepositoryDamaged", "bad blob") }),
      /"?\/data\/file.*bad blob/,
    ],
    [
      "shorter than promised",
      ({ location }: PackBlob) => ({ location, plaintext: Buffer.alloc(3) }),
      /\/data\/file.*not as long as the index says/,
    ],
  ])("ends with an error at a blob that is %s, after what comes before it", async (_, spoil, message) => {
    const { source } = sourceOf((blob) => (blob.location.id === "2" ? spoil(blob) : blob));
    const pieces = [1, 2, 3].map(pieceOf);
    const seen: number[] = [];
    const reading = async () => {
      for await (const bytes of streamPieces({ source, pieces, signal })) seen.push(bytes[0] ?? -1);
    };
    await expect(reading()).rejects.toThrow(message);
    expect(seen).toEqual([1]);
  });

  it("does not call damaged what the store does not give out", async () => {
    const error = new RepositoryError("ObjectUnreadable", "the disk reports an error");
    const { source } = sourceOf(({ location }) => ({ location, error }));
    await expect(collect(streamPieces({ source, pieces: [pieceOf(1)], signal }))).rejects.toMatchObject({
      reason: "ObjectUnreadable",
      message: expect.stringMatching(/\/data\/file.*the disk reports an error/),
    });
  });

  it("stops when it is told to", async () => {
    const controller = new AbortController();
    const { source } = sourceOf();
    const pieces = Array.from({ length: 40 }, (_, number) => pieceOf(number));
    const stream = streamPieces({ source, pieces, signal: controller.signal, windowBytes: mebibyte });
    await stream.next();
    controller.abort(new Error("told to stop"));
    await expect(collect(stream)).rejects.toThrow("told to stop");
  });
});
