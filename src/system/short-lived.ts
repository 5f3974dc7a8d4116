/** So much short-lived memory may wait to be collected. */
const most = 4 * 1024 * 1024;

let waiting = 0;

/**
 * To be told of bytes that somebody else's code has allocated for a moment, outside of the heap, and that nobody needs any more. The engine, which sees
 * small objects only, lets some 64 MiB of them pile up otherwise. Does nothing where Node runs without `--expose-gc`.
 */
export function shortLived(bytes: number): void {
  waiting += bytes;
  if (waiting < most) return;
  waiting = 0;
  globalThis.gc?.({ type: "minor" });
}
