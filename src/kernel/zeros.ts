const zeros = Buffer.alloc(1024 * 1024);

/** Whether the bytes from `start` up to `end` are nothing but zeros. */
export function isZero(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
  if (start < end && bytes[start] !== 0) return false;
  for (let at = start; at < end; at += zeros.length) {
    const next = Math.min(end, at + zeros.length);
    if (zeros.compare(bytes, at, next, 0, next - at) !== 0) return false;
  }
  return true;
}
