import { safeLines } from "../browse/text.ts";
import { exitCodeOf } from "./exit.ts";
import { failureOf } from "./failure.ts";
import { createOutput, type Output } from "./output.ts";
import type { CommonOptions } from "./settings.ts";
import { logInternal, runTask, type TaskContext } from "./task.ts";

/** What a command found out or did, for programs and for people. */
export interface Report {
  readonly state: "Good" | "Incomplete" | "Failed";
  /** Beside `kind` and `state`, the fields of the JSON line. */
  readonly fields: object;
  /** What went well goes to standard output, what a person should act on to standard error. */
  readonly said: readonly string[];
  readonly problems?: readonly string[];
}

/** Runs a command that people start on one repository: its report, or why there is none, is the last thing said. */
export const runReported = (
  kind: string,
  { json = false }: CommonOptions,
  work: (context: TaskContext, output: Output) => Promise<Report>,
): Promise<never> =>
  runTask(async (context) => {
    const output = createOutput({ json });
    const notices: string[] = [];
    const notice = (text: string): void => {
      notices.push(text);
      output.notice(text);
    };
    try {
      const { state, fields, said, problems = [] } = await work(context, { ...output, notice });
      output.end();
      if (json) console.log(JSON.stringify({ kind, state, ...fields }));
      else show(said, problems);
      return exitCodeOf({ state });
    } catch (error) {
      const failure = failureOf(error);
      if (failure.reason === "InternalError") logInternal(error);
      output.end();
      const message = [failure.message, ...notices].join(" ");
      if (json) console.log(JSON.stringify({ kind, state: "Failed", reason: failure.reason, message }));
      else console.error(safeLines(failure.message));
      return exitCodeOf({ state: "Failed", reason: failure.reason });
    }
  });

function show(said: readonly string[], problems: readonly string[]): void {
  for (const problem of problems) console.error(safeLines(problem));
  for (const line of said) console.log(safeLines(line));
}
