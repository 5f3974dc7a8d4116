import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it } from "vitest";

it("ends when everything that was said has left, however slow the reader", async () => {
  const script = `
    import { runTask } from ${JSON.stringify(join(import.meta.dirname, "task.ts"))};
    await runTask(async () => { console.log("x".repeat(1_000_000)); console.error("y".repeat(1_000_000)); return 7; });`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  await once(child.stdout, "readable");
  let length = 0;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (part: Buffer) => {
      length += part.length;
    });
  }
  const [code] = await once(child, "close");
  expect([code, length]).toEqual([7, 2_000_002]);
});
