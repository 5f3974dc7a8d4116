import { expect, it } from "vitest";
import { measure } from "./measure.ts";

it("counts the time and memory of a grandchild, too", async () => {
  const busy = "const b = Buffer.alloc(200e6, 1); while (process.cpuUsage().user < 300_000); b.at(0)";
  const cost = await measure({ words: ["sh", "-c", `${process.execPath} -e '${busy}' & wait $!`] });
  expect(cost.cpuSeconds).toBeGreaterThan(0.3);
  expect(cost.cpuSeconds).toBeLessThan(60);
  expect(cost.peakBytes).toBeGreaterThan(200e6);
  expect(cost.wallSeconds).toBeGreaterThan(0);
});

it("does not count time that nobody used", async () => {
  const cost = await measure({ words: ["sleep", "0.5"] });
  expect(cost.wallSeconds).toBeGreaterThan(0.5);
  expect(cost.cpuSeconds).toBeLessThan(0.3);
});

it("refuses to give a time for what failed, and says what it said", async () => {
  await expect(measure({ words: ["sh", "-c", "echo no such thing >&2; exit 3"] })).rejects.toThrow(
    /ended with 3:\nno such thing/,
  );
});
