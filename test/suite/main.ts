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
if (started.failures.length === 0) for (const step of withCluster) results.push(await runStep(step));
results.push(await stopCluster(cluster));

const failures = results.flatMap((result) => result.failures);
if (failures.length > 0) console.log(`\nWhat failed\n${failures.map((failure) => `  - ${failure}`).join("\n")}`);
console.log("\nSummary");
for (const { name, passed, failures, seconds } of results) {
  const verdict = failures.length === 0 ? "ok  " : "FAIL";
  console.log(`  ${verdict} ${name}: ${passed} passed, ${failures.length} failed, ${seconds.toFixed(0)} s`);
}
process.exitCode = failures.length === 0 ? 0 : 1;
console.log(`${results.reduce((sum, { passed }) => sum + passed, 0)} passed, ${failures.length} failed`);
