import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

export interface FakeKubectl {
  readonly folder: string;
  /** With the fake in front. */
  readonly path: string;
  remove(): void;
}

/**
 * A `kubectl` for the PATH, in a folder of its own. `script` finds the `words`, `spawn` and `fs`, and
 * `inPod(command)`, which runs it here, as if here were the pod, hands its output on and resolves to its exit code.
 */
export function fakeKubectl(script: string): FakeKubectl {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-kubectl-"));
  const lines = [
    `#!${process.execPath}`,
    'import { spawn } from "node:child_process";',
    'import fs from "node:fs";',
    "const words = process.argv.slice(2);",
    "const out = (bytes) => new Promise((resolve) => process.stdout.write(bytes, resolve));",
    "async function inPod(command, onBytes = out) {",
    "  const [program, ...given] = command;",
    '  const child = spawn(program === "node" ? process.execPath : program, given, { stdio: ["ignore", "pipe", "inherit"] });',
    '  const ended = new Promise((resolve) => child.on("exit", (code) => resolve(code ?? 137)));',
    // Not before the command has ended: it may write into the folder that is removed next.
    "  const stop = () => { child.kill(); ended.then(() => process.exit(143)); };",
    '  process.on("SIGTERM", stop);',
    '  process.stdout.on("error", stop);',
    "  for await (const bytes of child.stdout) await onBytes(bytes, child);",
    "  return ended;",
    "}",
    script,
  ];
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(join(folder, "kubectl"), lines.join("\n"), { mode: 0o755 });
  return {
    folder,
    path: [folder, process.env.PATH].join(delimiter),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
