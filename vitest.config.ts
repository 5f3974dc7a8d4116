import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Tiers: `unit` sits beside the source and runs in seconds; `interop`, `thorough` and `faults` use real restic and a real S3 server
// without a cluster; `api` needs a real API server, `e2e` the whole cluster. `make check` runs the first two.
// Most of them wait for programs that they start, so that two at a time are the least that keeps two cores busy. Those of
// every day also wait for locks and timers, and are small.
const maxWorkers = Math.max(2, availableParallelism() - 1);
const globalSetup = ["test/support/build.ts"];
const quick = { maxWorkers: 2 * maxWorkers };

const project = (name: string, include: string[], seconds: number, files = true) => {
  const [testTimeout, hookTimeout] = [seconds * 1000, seconds * 1000];
  return { test: { name, include, testTimeout, hookTimeout, fileParallelism: files, maxWorkers, globalSetup } };
};

const { test: unit } = project("unit", ["src/**/*.test.ts", "test/{bench,suite}/**/*.test.ts"], 60);
const isLong = process.env.HOLDFAST_TEST_LONG === "1";
const { test: faults } = project("faults", ["test/faults/**/*.test.ts"], isLong ? 4 * 3600 : 900);
const deriveOnce = ["test/support/derive-once.ts"];

// The part of test/interop that answers soon: does restic read what we write, and we what restic writes?
const daily = ["restic", "retention"].map((name) => `test/interop/${name}.test.ts`);

// A scenario on the cluster mostly waits for pods, so several go on at once, whatever the number of cores.
const scenarios = { maxWorkers: 3, maxConcurrency: 2, sequence: { groupOrder: 1 } };

export default defineConfig({
  test: {
    projects: [
      { test: { ...unit, ...quick, setupFiles: deriveOnce } },
      { test: { ...project("interop", daily, 180).test, ...quick } },
      { test: { ...project("thorough", ["test/interop/**/*.test.ts"], 180).test, exclude: daily } },
      { test: { ...faults, setupFiles: deriveOnce } },
      project("api", ["test/api/**/*.test.ts"], 180, false),
      { test: { ...project("e2e", ["test/e2e/**/*.test.ts"], 900).test, ...scenarios } },
    ],
  },
});
