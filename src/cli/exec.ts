import { setTimeout as sleep } from "node:timers/promises";
import { ReaderGone, type StandardOutput } from "../mover/stdout.ts";
import { count, formatNumber } from "../mover/units.ts";
import { causeOf } from "../system/cause.ts";
import { CommandFailure, type Kubectl } from "./kubectl.ts";

export interface PodPaths {
  readonly program: string;
  /** Where the program's end is told; in a folder that can be written. */
  readonly endFile: string;
}

const inImage: PodPaths = { program: "/app/build/program/main.js", endFile: "/tmp/holdfast-end" };

export interface ExecOptions {
  readonly kubectl: Kubectl;
  readonly pod: string;
  readonly container: string;
  /** For the program: `mover dump …` */
  readonly words: readonly string[];
  readonly output: StandardOutput;
  /** Aborted once somebody wants us to end. */
  readonly signal: AbortSignal;
  readonly paths?: PodPaths;
  /** Before the pod is asked again. */
  readonly pauseMs?: number;
}

/** What a shell says of a program that SIGINT ended. */
const stoppedCode = 130;
const tries = 3;

/**
 * Runs the program in a pod, hands its standard output on, and resolves to its exit code. `kubectl exec` may end with 0 where its
 * connection is lost (kubernetes/kubectl#1208, #1726), so what came through is believed only if the pod says, in an exec of its own,
 * that this was all. Rejects with `CommandFailure` where it was not, and with `ReaderGone`.
 */
export async function execWhole(options: ExecOptions): Promise<number> {
  const { kubectl, pod, container, words, output, signal, paths = inImage, pauseMs = 1000 } = options;
  const inPod = ["exec", pod, "--container", container, "--", "node"];
  let passed = 0;
  let code: number;
  try {
    const write = async (bytes: Buffer) => {
      await written(output.write(bytes));
      passed += bytes.length;
    };
    code = await kubectl.streamed(write, ...inPod, teller(paths.endFile), paths.program, ...words);
    if (!signal.aborted) await written(output.flush());
  } catch (error) {
    if (signal.aborted) return stoppedCode;
    throw error;
  }
  if (signal.aborted) return code || stoppedCode;
  const { end, why } = await askForEnd(() => kubectl.run(...inPod, "--eval", asker(paths.endFile)), pauseMs, signal);
  // Kubectl has said why it did not even begin.
  if (!end && code !== 0 && passed === 0) return code;
  if (!end) throw cutOff(passed, `the pod does not tell that the command came to its end${why}`);
  if (end.bytes !== passed) throw cutOff(passed, `the command had written ${formatNumber(end.bytes)}`);
  if (end.code !== 0 && code === 0) console.error(`The command ended with code ${end.code}.`);
  return end.code || code;
}

/**
 * Loaded into the program before it starts, so that the image may be older than the plug-in: leaves the exit code and the number of
 * bytes that were written to standard output. In a file, since standard error can be cut off like standard output.
 */
function teller(file: string): string {
  const script = [
    'import { writeFileSync } from "node:fs";',
    'import { isMainThread } from "node:worker_threads";',
    `const tell = (code) => { try { writeFileSync(${JSON.stringify(file)}, \`end \${code} \${process.stdout.bytesWritten} .\\n\`) } catch {} };`,
    'if (isMainThread) process.on("exit", tell);',
  ];
  return `--import=data:text/javascript,${encodeURIComponent(script.join("\n"))}`;
}

/** Says nothing where there is no file: the program was killed, or still runs. */
const asker = (file: string): string =>
  `if (fs.existsSync(${JSON.stringify(file)})) process.stdout.write(fs.readFileSync(${JSON.stringify(file)}))`;

interface End {
  readonly code: number;
  readonly bytes: number;
}

/** Asks more than once: what has cut the output off may last, and may cut this off, too. */
async function askForEnd(
  ask: () => Promise<string>,
  pauseMs: number,
  signal: AbortSignal,
): Promise<{ readonly end?: End; readonly why: string }> {
  let why = "";
  for (let at = 0; at < tries && !signal.aborted; at++) {
    if (at > 0) await sleep(pauseMs);
    try {
      const [, code, bytes] = /^end (\d+) (\d+) \.\n$/.exec(await ask()) ?? [];
      if (bytes !== undefined) return { end: { code: Number(code), bytes: Number(bytes) }, why: "" };
      why = "";
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      why = ` (${error.message})`;
    }
  }
  return { why };
}

const cutOff = (bytes: number, why: string): CommandFailure =>
  new CommandFailure(
    `The output was cut off after ${count(bytes, "byte")}: ${why}. What came out is not whole; run it again.`,
  );

/** Whatever keeps our output from being written but a reader who is gone is for the user, and says so: a full disk, most of all. */
const written = (writing: Promise<void>): Promise<void> =>
  writing.catch((cause: unknown) => {
    if (cause instanceof ReaderGone) throw cause;
    throw new CommandFailure(causeOf(cause), { cause });
  });
