import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ReaderGone, type StandardOutput } from "../mover/stdout.ts";
import { execWhole } from "./exec.ts";
import { createKubectl } from "./kubectl.ts";
import { type FakeKubectl, fakeKubectl } from "./testing.ts";

// A kubectl that runs the command here, and loses what LOSE says: everything from a byte on, and with it the connection, but
// ends as CODE says.
const script = `
  const isQuestion = words.includes("--eval");
  if (isQuestion && process.env.LOSE_QUESTION) process.exit(Number(process.env.LOSE_QUESTION));
  const most = isQuestion ? Infinity : Number(process.env.LOSE ?? Infinity);
  let passed = 0;
  const code = await inPod(words.slice(words.indexOf("--") + 1), async (bytes, child) => {
    const part = bytes.subarray(0, most - passed);
    passed += part.length;
    await out(part);
    if (process.env.KILL) child.kill("SIGKILL");
  });
  process.exitCode = isQuestion ? code : Number(process.env.CODE ?? code);`;

/** What is run in the pod: writes so many bytes and ends with that code. */
const program = `
  const [, bytes, code] = process.argv.slice(2).map(Number);
  const step = 100_000;
  const next = (left) => process.stdout.write(Buffer.alloc(Math.min(left, step), "x"), (error) =>
    !error && left > step ? next(left - step) : process.exit(error ? 141 : code));
  next(bytes);`;

let fake: FakeKubectl;
let paths: { program: string; endFile: string };
beforeEach(() => {
  fake = fakeKubectl(script);
  vi.stubEnv("PATH", fake.path);
  paths = { program: join(fake.folder, "program.mjs"), endFile: join(fake.folder, "end") };
  writeFileSync(paths.program, program);
});
afterEach(() => {
  vi.unstubAllEnvs();
  fake.remove();
});

interface Collected extends StandardOutput {
  bytes: number;
}

function collected(write: (bytes: Buffer) => Promise<void> = async () => {}): Collected {
  const output: Collected = {
    bytes: 0,
    async write(bytes) {
      await write(bytes);
      output.bytes += bytes.length;
    },
    line: async () => {},
    flush: async () => {},
  };
  return output;
}

const { signal } = new AbortController();
const exec = (bytes: number, code: number, output: StandardOutput, until = signal) => {
  const words = ["dump", String(bytes), String(code)];
  return execWhole({
    kubectl: createKubectl([]),
    pod: "pod",
    container: "mover",
    words,
    output,
    signal: until,
    paths,
    pauseMs: 10,
  });
};

describe("execWhole", () => {
  it.each([
    [0, 0],
    [1_234_567, 0],
    [1_234_567, 1],
    [0, 12],
  ])("hands %d bytes on, and ends as the command does: %d", async (bytes, code) => {
    const output = collected();
    expect(await exec(bytes, code, output)).toBe(code);
    expect(output.bytes).toBe(bytes);
  });

  it.each([
    ["in the middle", 1_000_000, 400_000, "400,000 bytes: the command had written 1,000,000"],
    ["by its last byte", 1_000_000, 999_999, "999,999 bytes: the command had written 1,000,000"],
    ["from the beginning", 5, 0, "0 bytes: the command had written 5"],
  ])("does not believe kubectl's 0 where the output was cut off %s", async (_, bytes, lose, message) => {
    vi.stubEnv("LOSE", String(lose));
    vi.stubEnv("CODE", "0");
    const output = collected();
    await expect(exec(bytes, 0, output)).rejects.toThrow(`The output was cut off after ${message}`);
    expect(output.bytes).toBe(lose);
  });

  it("passes a failure on that kubectl does not know of", async () => {
    vi.stubEnv("CODE", "0");
    expect(await exec(10, 3, collected())).toBe(3);
  });

  it("takes a command that was killed for one whose output is not whole", async () => {
    vi.stubEnv("KILL", "1");
    vi.stubEnv("CODE", "0");
    await expect(exec(5_000_000, 0, collected())).rejects.toThrow("does not tell that the command came to its end");
  });

  it.each(["0", "1"])("takes an answer that does not come for a failure: %s", async (code) => {
    vi.stubEnv("LOSE_QUESTION", code);
    await expect(exec(10, 0, collected())).rejects.toThrow("cut off after 10 bytes: the pod does not tell");
  });

  it("leaves it to kubectl to say why nothing was begun", async () => {
    rmSync(paths.program);
    writeFileSync(join(fake.folder, "kubectl"), "#!/bin/sh\nexit 4\n");
    expect(await exec(10, 0, collected())).toBe(4);
  });

  it("waits for whoever takes the output", async () => {
    let waiting = 0;
    const output = collected(async () => {
      waiting++;
      expect(waiting).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      waiting--;
    });
    expect(await exec(2_000_000, 0, output)).toBe(0);
    expect(output.bytes).toBe(2_000_000);
  });

  it("stops where the reader is gone, without waiting for the rest", async () => {
    const output = collected(async () => {
      throw new ReaderGone();
    });
    await expect(exec(1e12, 0, output)).rejects.toThrow(ReaderGone);
  });

  it("says that the output cannot be written", async () => {
    const output = collected(async () => {
      throw new Error("Standard output cannot be written: ENOSPC: no space left on device.");
    });
    await expect(exec(1e12, 0, output)).rejects.toThrow(
      "Standard output cannot be written: ENOSPC: no space left on device.",
    );
  });

  it("asks nothing more once it was stopped", async () => {
    const stopping = new AbortController();
    const output = collected(async () => {
      stopping.abort();
      throw stopping.signal.reason;
    });
    expect(await exec(1e12, 0, output, stopping.signal)).toBe(130);
  });

  it("says that there is no kubectl", async () => {
    vi.stubEnv("PATH", "/nowhere");
    await expect(exec(10, 0, collected())).rejects.toThrow("kubectl could not be started");
  });
});
