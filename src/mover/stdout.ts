import { fstatSync, writeSync } from "node:fs";
import { RepositoryError } from "../repository/errors.ts";
import { causeOf } from "../system/cause.ts";

/** Standard output as a stream of bytes or lines that may be longer than memory, and whose reader may go away. */
export interface StandardOutput {
  /** Waits until the reader has taken what came before. Rejects with `ReaderGone`, and with `WriteErrors` where not all of it could be written. */
  write(bytes: Buffer): Promise<void>;
  /** Lines are gathered into larger writes. */
  line(text: string): Promise<void>;
  /** Waits until everything is out. */
  flush(): Promise<void>;
}

/** Whoever read our output (`| head`) has closed it: no failure of ours, and nobody is left to be told. */
export class ReaderGone extends Error {
  constructor() {
    super("The reader of standard output is gone.");
    this.name = "ReaderGone";
  }
}

/** What a program ends with that SIGPIPE has killed, as others in the pipe would: 128 + 13. */
export const readerGoneCode = 141;

const lineBuffer = 64 * 1024;

/** `signal` also ends the waiting for a reader that takes nothing. */
export function standardOutput(signal: AbortSignal): StandardOutput {
  const { stdout } = process;
  const isStream = stdout.isTTY || isPipe(stdout.fd);
  let failure: Error | undefined;
  let wake: () => void = () => {};
  let lines = "";
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    failure ??= error.code === "EPIPE" ? new ReaderGone() : notWritten(error);
    wake();
  });
  const untilDrained = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      stdout.once("drain", resolve);
    });
  signal.addEventListener("abort", () => wake());
  const write = async (bytes: Buffer): Promise<void> => {
    if (failure) throw failure;
    if (!isStream) failure = writeWhole(stdout.fd, bytes);
    else if (!stdout.write(bytes) && !signal.aborted) await untilDrained();
    if (failure) throw failure;
    signal.throwIfAborted();
  };
  const flushLines = async (): Promise<void> => {
    const text = lines;
    lines = "";
    if (text) await write(Buffer.from(text));
  };
  return {
    write,
    async line(text) {
      lines += `${text}\n`;
      if (lines.length >= lineBuffer) await flushLines();
    },
    async flush() {
      await flushLines();
      await new Promise<void>((resolve) => {
        wake = resolve;
        stdout.write("", () => resolve());
      });
      if (failure) throw failure;
    },
  };
}

function isPipe(descriptor: number): boolean {
  const stats = fstatSync(descriptor);
  return stats.isFIFO() || stats.isSocket();
}

/**
 * Node makes one call for a file, and passes over it that a full disk took less than all; to a block device it writes nothing at all.
 * Gives why not all could be written.
 */
function writeWhole(descriptor: number, bytes: Buffer): Error | undefined {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
    return undefined;
  } catch (error) {
    return notWritten(error);
  }
}

const notWritten = (cause: unknown): RepositoryError =>
  new RepositoryError("WriteErrors", `Standard output cannot be written: ${causeOf(cause)}.`, { cause });
