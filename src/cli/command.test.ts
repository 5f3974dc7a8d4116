import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FakeKubectl, fakeKubectl } from "./testing.ts";

// The plug-in as a program of its own, over a kubectl that is none: signals and pipes are the shell's.

const metadata = (name: string) => ({ name, namespace: "shop", uid: "1", resourceVersion: "1" });
const objects = {
  "restorepoints.holdfast.dev": {
    metadata: metadata("point"),
    spec: {
      ...{ policy: "shop", schedule: "nightly", pvc: { name: "data", uid: "1" }, chain: "20261123T010000Z" },
      ...{ type: "Full", time: "2026-11-23T01:00:00Z", run: "run", source: {} },
    },
    status: { copies: [{ target: "offsite", type: "Full", state: "Good", snapshot: "0123" }] },
  },
  "backuptargets.holdfast.dev": {
    metadata: metadata("offsite"),
    spec: {
      s3: { bucket: "acme", credentialsSecretRef: { name: "keys" } },
      encryption: { passwordSecretRef: { name: "key", key: "password" } },
    },
  },
  cronjobs: { items: [{ metadata: { name: "shop-nightly", labels: { "holdfast.dev/schedule": "nightly" } } }] },
  job: { metadata: metadata("by-hand"), status: {} },
  pods: {
    items: [
      {
        metadata: metadata("pod"),
        status: { phase: "Running", containerStatuses: [{ state: { running: {} } }] },
      },
    ],
  },
};

const script = `
  const folder = new URL(".", import.meta.url).pathname;
  fs.appendFileSync(folder + "said", words.join(" ") + "\\n");
  const objects = JSON.parse(fs.readFileSync(folder + "objects.json", "utf8"));
  const [verb, kind] = words;
  if (verb === "get" && kind in objects) await out(JSON.stringify(objects[kind]));
  if (verb === "create" && kind === "--filename") {
    const made = JSON.parse(fs.readFileSync(0, "utf8"));
    await out(JSON.stringify({ ...made, metadata: { ...made.metadata, uid: "2" } }));
  }
  if (verb === "logs") setInterval(() => {}, 1000);
  if (verb === "exec") {
    const here = words.slice(words.indexOf("--") + 1).map((word) =>
      word.replace("/app/build/program/main.js", folder + "program.mjs")
        .replaceAll("/tmp/holdfast-end", folder + "end").replaceAll("%2Ftmp%2Fholdfast-end", encodeURIComponent(folder + "end")));
    let most = words.includes("--eval") ? Infinity : Number(process.env.LOSE ?? Infinity);
    const code = await inPod(here, (bytes) => {
      const part = bytes.subarray(0, most);
      most -= part.length;
      return out(part);
    });
    process.exitCode = process.env.LOSE ? 0 : code;
  }`;

/** In the pod. The last word says how much is written; \`forever\` is some bytes, and then nothing more. */
const program = `
  const wanted = process.argv.at(-1);
  if (wanted === "forever") setInterval(() => {}, 1000);
  const step = Buffer.alloc(100_000, "x");
  for (let left = wanted === "forever" ? 10 : Number(wanted); left > 0; left -= step.length)
    await new Promise((resolve, reject) =>
      process.stdout.write(step.subarray(0, left), (error) => (error ? reject(error) : resolve())));`;

let fake: FakeKubectl;
beforeEach(() => {
  fake = fakeKubectl(script);
  writeFileSync(join(fake.folder, "objects.json"), JSON.stringify(objects));
  writeFileSync(join(fake.folder, "program.mjs"), program);
});
afterEach(() => fake.remove());

const main = join(import.meta.dirname, "../main.ts");
const plugin = `${process.execPath} ${main} kubectl`;

/** In a process group of its own, as a terminal would have it. */
function shell(line: string, more: NodeJS.ProcessEnv = {}): { child: ChildProcess; stderr: () => string } {
  const env = { ...process.env, ...more, PATH: fake.path, NODE_COMPILE_CACHE: join(fake.folder, "cache") };
  const child = spawn("bash", ["-c", `set -o pipefail; ${line}`], { env, detached: true });
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  return { child, stderr: () => stderr };
}

async function ended(line: string, more?: NodeJS.ProcessEnv) {
  const { child, stderr } = shell(line, more);
  let stdout = "";
  child.stdout?.on("data", (text) => {
    stdout += text;
  });
  const [code, signal] = await once(child, "close");
  return { code, signal, stdout, stderr: stderr() };
}

const said = () => {
  const file = join(fake.folder, "said");
  return existsSync(file) ? readFileSync(file, "utf8") : "";
};
const untilSaid = async (text: string) => {
  while (!said().includes(text)) await sleep(50);
};
const dump = `${plugin} dump point --image holdfast:test`;

describe("kubectl holdfast dump", () => {
  afterEach(() => expect(said()).toMatch(/^delete job holdfast-read-/m));

  it("writes all that the pod wrote", async () => {
    expect(await ended(`${dump} 3000000 | wc -c`)).toMatchObject({ code: 0, stdout: "3000000\n", stderr: "" });
  });

  it("does not take an output for whole that was cut off, whatever kubectl says", async () => {
    expect(await ended(`${dump} 3000000 | wc -c`, { LOSE: "1234567" })).toEqual({
      ...{ code: 1, signal: null, stdout: "1234567\n" },
      stderr:
        "The output was cut off after 1,234,567 bytes: the command had written 3,000,000. What came out is not whole; run it again.\n",
    });
  });

  it("ends quietly when its reader goes away", async () => {
    const { stderr, ...how } = await ended(`${dump} 1000000000000 | head -c 100 | wc -c`);
    expect(how).toMatchObject({ code: 141, stdout: "100\n" });
    expect(stderr).not.toContain("cut off");
  });

  it.each([
    ["Ctrl-C", "SIGINT", true],
    ["SIGTERM", "SIGTERM", false],
  ] as const)("removes its pod at %s", async (_, signal, isForAll) => {
    const { child, stderr } = shell(`exec ${dump} forever`);
    await untilSaid("program/main.js");
    await once(child.stdout as NodeJS.ReadableStream, "data");
    process.kill(isForAll ? -Number(child.pid) : Number(child.pid), signal);
    const [code] = await once(child, "close");
    expect(code, stderr()).toBe(signal === "SIGINT" ? 130 : 143);
  });
});

describe("kubectl holdfast backup", () => {
  it.each(["SIGINT", "SIGTERM"] as const)("ends at %s; what it began goes on", async (signal) => {
    const { child } = shell(`exec ${plugin} backup shop`);
    await untilSaid("logs --follow");
    process.kill(-Number(child.pid), signal);
    expect(await once(child, "close")).toEqual([null, signal]);
    expect(said()).not.toContain("delete");
  });
});
