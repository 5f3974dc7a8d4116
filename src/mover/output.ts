import { writeFileSync } from "node:fs";
import { safeLines } from "../browse/text.ts";
import { type MoverResult, type ProgressLine, resultFileVariable } from "../contract/results.ts";
import { resultLine } from "./shorten.ts";
import { count, formatBytes } from "./units.ts";

/** What a task says while it runs: JSON lines for programs, or lines for people. */
export interface Output {
  progress(progress: Omit<ProgressLine, "kind">): void;
  /** What is being done, for whoever watches a terminal. */
  status(text: string): void;
  /** Takes the last status from the terminal. */
  end(): void;
  /** Something a person should know that is no failure. */
  notice(text: string): void;
  /** `text` is the result for people. */
  result(result: MoverResult, text: string): void;
}

const progressEveryMs = 1000;

export function createOutput({ json }: { readonly json: boolean }): Output {
  const clear = () => {
    if (!json && process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  };
  const show = json ? showLine : process.stderr.isTTY ? showOnTerminal : undefined;
  let last = performance.now();
  return {
    progress(progress) {
      if (!show || performance.now() - last < progressEveryMs) return;
      last = performance.now();
      show(progress);
    },
    status(text) {
      if (!json && process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
    },
    end: clear,
    notice(text) {
      clear();
      console.error(safeLines(text));
    },
    result(result, text) {
      clear();
      const line = resultLine(result);
      if (json) console.log(line);
      else if (result.state === "Failed") console.error(safeLines(text));
      else console.log(safeLines(text));
      saveResult(line);
    },
  };
}

const showLine = (progress: Omit<ProgressLine, "kind">): void => {
  const { phase, bytesDone, bytesTotal, filesDone } = progress;
  console.log(JSON.stringify({ kind: "progress", phase, bytesDone, bytesTotal, filesDone }));
};

function showOnTerminal({ phase, bytesDone, bytesTotal, filesDone }: Omit<ProgressLine, "kind">): void {
  const total = bytesTotal === undefined ? "" : ` of ${formatBytes(bytesTotal)}`;
  process.stderr.write(`\r\x1b[K${phase}: ${count(filesDone, "file")}, ${formatBytes(bytesDone)}${total}`);
}

function saveResult(line: string): void {
  const file = process.env[resultFileVariable];
  if (!file) return;
  try {
    writeFileSync(file, line);
  } catch (error) {
    console.error(`The result could not be written to ${file}: ${(error as Error).message}`);
  }
}

/** For work that is counted in packs and not in files of the volume. */
export const showPacks =
  ({ status }: Output) =>
  (progress: { readonly phase: string; readonly done: number; readonly total: number }): void =>
    status(`${progress.phase}: ${progress.done} of ${count(progress.total, "pack")}`);
