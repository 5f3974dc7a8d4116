import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { kernelFile } from "./location.ts";

/** What the compiled kernel offers; see `assembly/`. Addresses and lengths are bytes in its own memory. */
export interface Kernel {
  readonly memory: WebAssembly.Memory;
  inputAddress(): number;
  findCut(
    table: number,
    start: number,
    available: number,
    minimum: number,
    normal: number,
    maximum: number,
    strict: bigint,
    loose: bigint,
    zeros: bigint,
  ): number;
  poly1305State(): number;
  poly1305Start(): void;
  poly1305Blocks(at: number, length: number): void;
  poly1305Finish(at: number, length: number): void;
}

let compiled: WebAssembly.Module | undefined;

function compiledKernel(): WebAssembly.Module {
  if (compiled) return compiled;
  let binary: Buffer;
  try {
    binary = readFileSync(kernelFile);
  } catch (cause) {
    throw new Error(`${fileURLToPath(kernelFile)} cannot be read: build it with \`npm run build\`.`, { cause });
  }
  compiled = new WebAssembly.Module(new Uint8Array(binary));
  return compiled;
}

const pageSize = 65_536;

/** A kernel of one's own whose memory takes `inputBytes` at `inputAddress()`. */
export function instantiateKernel(inputBytes: number): Kernel {
  const abort = (): never => {
    throw new Error("The kernel stopped: this is a mistake in it.");
  };
  const instance = new WebAssembly.Instance(compiledKernel(), { env: { abort } });
  const kernel = instance.exports as unknown as Kernel;
  const missing = kernel.inputAddress() + inputBytes - kernel.memory.buffer.byteLength;
  if (missing > 0) kernel.memory.grow(Math.ceil(missing / pageSize));
  return kernel;
}
