import { instantiateKernel, type Kernel } from "./load.ts";

const windowBytes = 256 * 1024;

interface Authenticator {
  readonly kernel: Kernel;
  readonly window: Uint8Array;
  readonly windowAddress: number;
  readonly exchange: Uint8Array;
}

let shared: Authenticator | undefined;

function authenticator(): Authenticator {
  if (shared) return shared;
  const kernel = instantiateKernel(windowBytes + 16);
  const windowAddress = kernel.inputAddress();
  shared = {
    kernel,
    windowAddress,
    window: new Uint8Array(kernel.memory.buffer, windowAddress, windowBytes + 16),
    exchange: new Uint8Array(kernel.memory.buffer, kernel.poly1305State(), 32),
  };
  return shared;
}

/** The 16-byte tag of `message` under a one-time key (`r`, clamped here, and `s`, 16 bytes each): RFC 8439, section 2.5. */
export function poly1305(r: Uint8Array, s: Uint8Array, message: Uint8Array): Buffer {
  if (r.length !== 16 || s.length !== 16) throw new RangeError("A Poly1305 key is two halves of 16 bytes.");
  const { kernel, window, windowAddress, exchange } = authenticator();
  exchange.set(r, 0);
  exchange.set(s, 16);
  kernel.poly1305Start();
  const whole = message.length - (message.length % 16);
  for (let at = 0; at < whole; at += windowBytes) {
    const end = Math.min(at + windowBytes, whole);
    window.set(message.subarray(at, end));
    kernel.poly1305Blocks(windowAddress, end - at);
  }
  window.set(message.subarray(whole));
  kernel.poly1305Finish(windowAddress, message.length - whole);
  return Buffer.from(exchange.subarray(0, 16));
}
