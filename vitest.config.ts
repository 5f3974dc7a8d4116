import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Tiers: `unit` sits beside the source and runs in seconds; `interop`, `thorough` and `faults` use real restic and a real S3 server
// without a cluster; `api` needs a real API server, `e2e` the whole cluster. `make check` runs the first two.
// Most of them wait for programs that they start, so that two at a time are the least that keeps two cores busy.
const maxWorkers = Math.max(2, availableParallelism() - 1);

const project = (name: string, include: string[], seconds: number, files = true) => ({
  test: { name, include, testTimeout: seconds * 1000, hookTimeout: seconds * 1000, fileParallelism: files, maxWorkers },
});

const { test: unit } = project("unit", ["src/**/*.test.ts", "test/{bench,suite}/**/*.test.ts"], 60);

// The part of test/interop that answers soon: does restic read what we write, and we what restic writes?
const daily = ["restic", "retention"].map((name) => `test/interop/${name}.test.ts`);

// A scenario on the cluster mostly waits for pods, so several go on at once, whatever the number of cores.
const scenarios = { maxWorkers: 3, maxConcurrency: 2, sequence: { groupOrder: 1 } };

export default defineConfig({
  test: {
    projects: [
      { test: { ...unit, setupFiles: ["test/support/derive-once.ts"] } },
      project("interop", daily, 180),
      { test: { ...project("thorough", ["test/interop/**/*.test.ts"], 180).test, exclude: daily } },
      project("faults", ["test/faults/**/*.test.ts"], process.env.HOLDFAST_TEST_LONG === "1" ? 4 * 3600 : 900),
      project("api", ["test/api/**/*.test.ts"], 180, false),
      { test: { ...project("e2e", ["test/e2e/**/*.test.ts"], 900).test, ...scenarios } },
    ],
  },
});
