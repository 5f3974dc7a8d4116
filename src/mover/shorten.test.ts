import { describe, expect, it } from "vitest";
import { type BackupResult, backupResult } from "./results.ts";
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
});
