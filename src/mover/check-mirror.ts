import type { LockIdentity } from "../contract/configs.ts";
import { checkMirror, type MirrorReport } from "../mirror/check.ts";
import { withMirrorLock } from "../mirror/locks.ts";
import type { ReadData } from "../repository/check-options.ts";
import type { Storage } from "../storage/storage.ts";
import { invalid } from "./failure.ts";
import type { Output } from "./output.ts";
import type { Report } from "./report.ts";
import { count, formatBytes } from "./units.ts";

export interface CheckMirrorOptions {
  readonly signal: AbortSignal;
  readonly readData: ReadData;
  readonly identity: LockIdentity;
}

export async function checkMirrorAt(
  storage: Storage,
  { signal, readData, identity }: CheckMirrorOptions,
  output: Output,
): Promise<Report> {
  if (typeof readData === "object") {
    throw invalid("A mirror has no packs to take a part of: check it as it is, or with --read-data.");
  }
  const lockOptions = { exclusive: false, identity, onNotice: output.notice, signal };
  const report = await withMirrorLock(storage, lockOptions, (lock) =>
    checkMirror({
      storage,
      readData,
      onProgress: ({ filesDone, bytesDone }) => output.status(`${count(filesDone, "file")}, ${formatBytes(bytesDone)}`),
      signal: lock.signal,
    }),
  );
  return {
    state: report.problems.length === 0 ? "Good" : "Failed",
    fields: { type: "Mirror", ...report },
    said: describe(report),
    problems: report.problems,
  };
}

function describe({ problems, hints, files, bytes, bytesRead }: MirrorReport): string[] {
  const found = problems.length === 0 ? "No problems were found" : `${count(problems.length, "problem")} found`;
  return [
    ...hints,
    `${found}: a mirror of ${count(files, "file")}, ${formatBytes(bytes)}; ${formatBytes(bytesRead)} read.`,
  ];
}
