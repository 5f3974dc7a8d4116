import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/**
 * The user's own `kubectl`, which the plug-in is called by: whatever it may do, in the context and as the user that its flags
 * and kubeconfig say, the plug-in may do, and nothing else.
 */
export interface Kubectl {
  /** Standard output as JSON. Rejects with what kubectl said on standard error. */
  json<T>(...words: readonly string[]): Promise<T>;
  /** `create --filename -` */
  create<T>(object: object): Promise<T>;
  run(...words: readonly string[]): Promise<string>;
  /** With our own standard output and error; the exit code, 128 and the signal's number where it was killed. */
  attached(...words: readonly string[]): Promise<number>;
  /** With our own standard error; `write` gets standard output, and is waited for. The exit code, as of `attached`. Rejects as `write` does. */
  streamed(write: (bytes: Buffer) => Promise<void>, ...words: readonly string[]): Promise<number>;
  lines(...words: readonly string[]): AsyncIterable<string>;
}

/** What went wrong, in words for whoever typed the command. */
export class CommandFailure extends Error {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.name = "CommandFailure";
  }
}

const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGPIPE: 13, SIGTERM: 15 };

/** `flags` come before every command: namespace, context and so on. */
export function createKubectl(flags: readonly string[]): Kubectl {
  const run = async (words: readonly string[], input?: string): Promise<string> => {
    const child = spawn("kubectl", [...flags, ...words], { stdio: ["pipe", "pipe", "pipe"] });
    const said = { out: "", error: "" };
    child.stdout.on("data", (part) => {
      said.out += part;
    });
    child.stderr.on("data", (part) => {
      said.error += part;
    });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    const code = await endOf(child);
    if (code === 0) return said.out;
    throw new CommandFailure(said.error.trim() || `kubectl ${words.join(" ")} ended with code ${code}.`);
  };
  return {
    run: (...words) => run(words),
    json: async (...words) => JSON.parse(await run([...words, "--output", "json"])),
    create: async (object) =>
      JSON.parse(await run(["create", "--filename", "-", "--output", "json"], JSON.stringify(object))),
    attached: (...words) => endOf(spawn("kubectl", [...flags, ...words], { stdio: ["ignore", "inherit", "inherit"] })),
    streamed: async (write, ...words) => {
      const child = spawn("kubectl", [...flags, ...words], { stdio: ["ignore", "pipe", "inherit"] });
      const ended = endOf(child);
      // It may come before whatever reading says, or instead of it.
      ended.catch(() => {});
      try {
        for await (const bytes of child.stdout) await write(bytes);
      } catch (error) {
        child.kill("SIGTERM");
        await ended;
        throw error;
      }
      return ended;
    },
    lines: (...words) => {
      const child = spawn("kubectl", [...flags, ...words], { stdio: ["ignore", "pipe", "ignore"] });
      child.on("error", () => {});
      return createInterface({ input: child.stdout });
    },
  };
}

async function endOf(child: ReturnType<typeof spawn>): Promise<number> {
  const stop = () => child.kill("SIGTERM");
  process.on("SIGTERM", stop);
  try {
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    return code ?? 128 + (signalNumbers[signal ?? ""] ?? 0);
  } catch (cause) {
    throw new CommandFailure("kubectl could not be started: is it on your PATH?", { cause });
  } finally {
    process.off("SIGTERM", stop);
  }
}
