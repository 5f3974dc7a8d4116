import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "holdfast-stdout-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = join(folder, "program.mjs");
const file = join(folder, "output");

/** Writes chunks of so many bytes, or so many lines, and tells of a failure as a command would. */
const script = `
  import { standardOutput } from ${JSON.stringify(join(import.meta.dirname, "stdout.ts"))};
  const [how, ...sizes] = process.argv.slice(2);
  const stopping = new AbortController();
  const output = standardOutput(stopping.signal);
  process.on("SIGTERM", () => stopping.abort(new Error("Stopped.")));
  const write = (size) => output.write(Buffer.alloc(Number(size), "x"));
  try {
    if (how === "bytes") for (const size of sizes) await write(size);
    if (how === "lines") for (let at = 0; at < Number(sizes[0]); at++) await output.line("x".repeat(99));
    if (how === "stopped") await write(10_000_000).catch(() => write(1)).catch((error) => console.error(error.message));
    await output.flush();
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
  process.exit(0);`;
beforeAll(() => writeFileSync(program, script));

/** Into a file that may have so many blocks of 512 bytes, as where the disk is full by then. */
function writeToFile(blocks: number | "unlimited", words: readonly string[]) {
  const shell = `trap '' XFSZ; ulimit -f ${blocks}; exec "$@" > "$0"`;
  const { status, stderr } = spawnSync("sh", ["-c", shell, file, process.execPath, program, ...words], {
    encoding: "utf8",
  });
  return { status, stderr, size: statSync(file).size };
}

describe("standard output that is a file", () => {
  it("takes all of it, in order", () => {
    expect(writeToFile("unlimited", ["bytes", "100000", "0", "1"])).toEqual({ status: 0, stderr: "", size: 100_001 });
    expect(writeToFile("unlimited", ["lines", "2000"])).toEqual({ status: 0, stderr: "", size: 200_000 });
    expect(readFileSync(file, "utf8")).toBe(`${"x".repeat(99)}\n`.repeat(2000));
  });

  it.each([
    ["within the last chunk", 300, ["bytes", "100000", "100000"]],
    ["within the only chunk", 1, ["bytes", "1000"]],
    ["at the end of a chunk", 1, ["bytes", "512", "1"]],
    ["within the last lines", 380, ["lines", "2000"]],
  ])("says so where the disk is full %s", (_, blocks, words) => {
    expect(writeToFile(blocks, words)).toEqual({
      status: 1,
      stderr: "Standard output cannot be written: EFBIG: file too large, write.\n",
      size: blocks * 512,
    });
  });
});

it("keeps nobody who was told to stop waiting for a reader that takes nothing", async () => {
  const child = spawn(process.execPath, [program, "stopped"], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (part: Buffer) => {
    said += part;
    child.stdout.resume();
  });
  await once(child.stdout, "readable");
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  expect([code, said]).toEqual([0, "Stopped.\n"]);
});
