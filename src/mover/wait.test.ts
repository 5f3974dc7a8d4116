import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { startHoldfast } from "../../test/support/holdfast.ts";

it("ends when it is told to, and outside of a container stops nobody else", async () => {
  const other = spawn("sleep", ["60"]);
  const running = startHoldfast(["mover", "wait"]);
  running.process.stdout?.once("data", () => running.process.kill("SIGTERM"));
  const { code, stderr } = await running.ended;
  expect([code, stderr]).toEqual([0, ""]);
  expect(other.exitCode ?? other.signalCode).toBeNull();
  other.kill();
  await once(other, "close");
});
