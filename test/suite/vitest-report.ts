/** The part we read of vitest's JSON report. */
export interface VitestReport {
  readonly testResults: readonly {
    /** Path of the test file. */
    readonly name: string;
    readonly status: string;
    /** Why the file could not be run; empty where it could. */
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

export interface Verdict {
  readonly passed: number;
  /** Each test that failed, and each file that could not be run, with the first lines of the reason. */
  readonly failures: readonly string[];
}

/**
 * What a run of vitest proved. A test that was skipped proves nothing. A run that ended badly though no test of it failed (an
 * unhandled error), or had no test at all, has failed once.
 *
 * @param code exit code of vitest
 */
export function verdictOf(report: VitestReport, code: number): Verdict {
  const tests = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map((test) => ({ ...test, file: shortened(name) })),
  );
  const failures = [
    ...tests
      .filter(({ status }) => status === "failed")
      .map(({ file, fullName, failureMessages }) => `${file}: ${fullName.trim()}\n${reason(failureMessages?.[0])}`),
    ...report.testResults
      .filter(({ status, assertionResults }) => status === "failed" && !assertionResults.some(isFailed))
      .map(({ name, message }) => `${shortened(name)}: the file could not be run\n${reason(message)}`),
  ];
  if (failures.length === 0 && tests.length === 0) failures.push("there was no test");
  if (failures.length === 0 && code !== 0) failures.push(`vitest ended with exit code ${code} though no test failed`);
  return { passed: tests.filter(({ status }) => status === "passed").length, failures };
}

const isFailed = ({ status }: { readonly status: string }): boolean => status === "failed";

const shortened = (path: string): string => path.replace(/^.*?\/(?=(src|test)\/)/, "");

const reason = (text: string | undefined): string =>
  (text ?? "")
    .split("\n")
    .slice(0, 12)
    .map((line) => `      ${line}`)
    .join("\n");
