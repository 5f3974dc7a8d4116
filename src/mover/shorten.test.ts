import { describe, expect, it } from "vitest";
import { type BackupResult, backupResult } from "../contract/results.ts";
import { resultLine } from "./shorten.ts";

const result = (change: Partial<BackupResult>): BackupResult => ({
  kind: "backup",
  state: "Incomplete",
  reason: "ReadErrors",
  message: "Some paths could not be read.",
  files: 123_456,
  directories: 7,
  bytes: 9_007_199_254_740_991,
  bytesRead: 1,
  errors: 5_000,
  failedPaths: [],
  durationSeconds: 1.5,
  targets: [],
  ...change,
});

const target = (name: string): BackupResult["targets"][number] => ({
  target: name,
  state: "Failed",
  reason: "StoreUnreachable",
  message: `Could not read ${name}: ${"because ".repeat(200)}`,
  repository: `s3://bucket/prefix/namespace/volume/${name}`,
  bytesAdded: 1,
});

describe("resultLine", () => {
  it("leaves what fits as it is", () => {
    const small = result({ failedPaths: ["/a", "/b"] });
    expect(JSON.parse(resultLine(small))).toEqual(small);
  });

  it.each([
    ["many paths", result({ failedPaths: Array.from({ length: 1000 }, (_, n) => `/some/folder/file-${n}`) })],
    ["long paths", result({ failedPaths: ["/ä".repeat(2000), "/b".repeat(4000)] })],
    ["a long message", result({ message: "☃".repeat(10_000) })],
    ["many targets with long messages", result({ targets: ["a", "b", "c", "d", "e"].map(target) })],
  ])("cuts %s to 4,096 bytes, and numbers, states and names never", (_, long) => {
    const line = resultLine(long);
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(4096);
    const short = backupResult.parse(JSON.parse(line));
    const { failedPaths: _paths, message: _message, targets, ...facts } = long;
    expect(short).toMatchObject(facts);
    expect(short.targets).toMatchObject(targets.map(({ message: __, ...rest }) => rest));
    if (long.failedPaths.length > 0) expect(short.failedPaths.length).toBeGreaterThan(0);
  });

  const id = "0123456789abcdef".repeat(4);
  /** One on which an inventory found as much as it ever tells. */
  function goodTarget(number: number): BackupResult["targets"][number] {
    const chain = "20261123T010000Z";
    const place = "monitoring/prometheus-kube-prometheus-stack-prometheus-db-prometheus-0";
    const tags = ["run", "chain", "type", "policy", "schedule", "namespace", "pvc", "uid"].map(
      (key) => `holdfast:${key}=${key.padEnd(40, "x")}`,
    );
    return {
      target: `offsite-frankfurt-${number}`,
      state: "Good",
      repository: `s3://company-backups-${number}/prod/${place}/${chain}`,
      type: "Incremental",
      snapshot: id,
      parent: id,
      bytesAdded: 123_456_789_012,
      bytesStored: 123_456_789_012,
      unknown: [1, 2, 3].map(() => ({ chain, snapshot: id, time: "2026-11-23T01:00:00.123456789Z", tags })),
      missing: [id, id, id],
    };
  }

  it.each([2, 3, 8])(
    "has room for what %i targets stored, and for what was found in them as far as that goes",
    (count) => {
      const targets = Array.from({ length: count }, (_, number) => goodTarget(number));
      const line = resultLine(result({ state: "Good", reason: undefined, targets }));
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(4096);
      const short = backupResult.parse(JSON.parse(line));
      expect(short.targets).toMatchObject(targets.map(({ unknown: _, missing: __, ...stored }) => stored));
      if (count < 3) expect(short.targets[0]?.unknown).toHaveLength(1);
    },
  );

  /** Of which the same cannot be read at each run, so that there is never more room. */
  const incompleteTarget = (number: number): BackupResult["targets"][number] => ({
    ...goodTarget(number),
    state: "Incomplete",
    reason: "ReadErrors",
    message: `Some paths could not be read: ${"because ".repeat(21)}`,
  });
  const rules = Array.from({ length: 20 }, (_, n) => ({ rule: `some/folder/**/*.kind-${n}`, entries: n, bytes: n }));
  const leftOut = { entries: 190, bytes: 190, rules };

  it.each([
    [3, 190],
    [4, 190],
    [6, 60],
    [7, 0],
  ])("says of each of %i targets that snapshots are gone, beside messages of %i characters", (count, length) => {
    const targets = Array.from({ length: count }, (_, number) => incompleteTarget(number));
    const line = resultLine(result({ targets, leftOut }));
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(4096);
    const short = backupResult.parse(JSON.parse(line));
    expect(short.leftOut).toEqual({ ...leftOut, rules: [] });
    for (const { missing = [], message = "" } of short.targets) {
      expect(missing.length).toBeGreaterThan(0);
      expect(message.length).toBeGreaterThanOrEqual(length);
    }
  });

  it("says what went wrong before it says what an inventory found", () => {
    const message = "The store does not answer: connect ECONNREFUSED 10.0.0.1:443.";
    const targets = [0, 1, 2].map(goodTarget);
    const long = result({ failedPaths: ["/a", "/b"], targets: [...targets, { ...target("lost"), message }] });
    const short = backupResult.parse(JSON.parse(resultLine(long)));
    expect(short.targets[3]?.message).toBe(message);
    expect(short).toMatchObject({ message: long.message, failedPaths: ["/a", "/b"] });
  });
});
