import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { parseStatus, processTree } from "./process-tree.ts";

it.each([
  ["Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n", { resident: 1024 * 1024, peak: 2048 * 1024 }],
  ["Name:\tkthreadd\nState:\tS (sleeping)\n", undefined],
  ["", undefined],
])("The status %j is read", (status, expected) => {
  expect(parseStatus(status)).toEqual(expected);
});

it("A process is seen together with its children", async () => {
  const shell = spawn("sh", ["-c", "sleep 60 & echo ready; wait"], {
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
  await once(shell.stdout, "data");
  expect(processTree(shell.pid ?? 0)).toHaveLength(2);
  process.kill(-(shell.pid ?? 0), "SIGKILL");
  await once(shell, "exit");
  expect(processTree(shell.pid ?? 0)).toHaveLength(0);
});
