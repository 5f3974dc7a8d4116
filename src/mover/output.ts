import { writeFileSync } from "node:fs";
import { type MoverResult, type ProgressLine, resultFileVariable } from "./contract.ts";
import { resultLine } from "./shorten.ts";
import { count, formatBytes } from "./units.ts";

/** What a task says while it runs: JSON lines for programs, or lines for people. */
export interface Output {
  progress(progress: Omit<ProgressLine, "kind">): void;
  /** Something a person should know that is no failure. */
  notice(text: string): void;
  /** `text` is the result for people. */
  result(result: MoverResult, text: string): void;
}

const progressEveryMs = 1000;

export function createOutput({ json }: { readonly json: boolean }): Output {
  const show = json ? showLine : process.stderr.isTTY ? showOnTerminal : undefined;
  let last = performance.now();
  return {
    progress(progress) {
      if (!show || performance.now() - last < progressEveryMs) return;
      last = performance.now();
      show(progress);
    },
    notice(text) {
      console.error(text);
    },
    result(result, text) {
      if (!json && process.stderr.isTTY) process.stderr.write("\r\x1b[K");
      const line = resultLine(result);
      if (json) console.log(line);
      else if (result.state === "Failed") console.error(text);
      else console.log(text);
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
