import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startCluster, stopCluster } from "./cluster.ts";
import { runStep, type StepResult } from "./step.ts";

/**
 * `make test`: every check and every test, on a machine that has nothing yet. The cluster is built in the background
 * while the tiers that do not need it run. The last line is `N passed, N failed`; a check that is no vitest test
 * (format, types, drift, the cluster's start) counts as one.
 */
const logs = "build/test";
mkdirSync(logs, { recursive: true });

const vitest = (project: string) => ({
  name: `${project} tests`,
  command: ["vitest", "run", "--project", project],
  report: join(logs, `${project}.json`),
});

const withoutCluster = [
  { name: "format and lint", command: ["biome", "check", "."] },
  { name: "types", command: ["tsc", "--noEmit"] },
  { name: "generated files are up to date", command: ["node", "src/api/generate.ts", "--check"] },
  vitest("unit"),
  vitest("interop"),
  vitest("thorough"),
  vitest("faults"),
];
const withCluster = [vitest("api"), vitest("e2e")];

const results: StepResult[] = [];
const cluster = await startCluster(join(logs, "cluster.log"));
for (const step of withoutCluster) results.push(await runStep(step));

const started = await cluster.ready();
results.push(started);
if (started.failed === 0) for (const step of withCluster) results.push(await runStep(step));
results.push(await stopCluster(cluster));

console.log("\nSummary");
for (const { name, passed, failed, seconds } of results) {
  const verdict = failed === 0 ? "ok  " : "FAIL";
  console.log(`  ${verdict} ${name}: ${passed} passed, ${failed} failed, ${seconds.toFixed(0)} s`);
}
const total = (key: "passed" | "failed") => results.reduce((sum, result) => sum + result[key], 0);
process.exitCode = total("failed") === 0 ? 0 : 1;
console.log(`${total("passed")} passed, ${total("failed")} failed`);
