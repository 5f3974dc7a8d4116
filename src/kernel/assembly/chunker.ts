/**
 * Content-defined cut points by a gear hash: `hash = (hash << 1) + table[byte]` over 64 bits, so that it depends on the
 * last 64 bytes and on nothing else. A place is a candidate if the hash is below a limit, or that of zeros for the first
 * time in a run of them. Because a candidate is decided by 65 bytes alone, a long file can be searched in segments at once
 * and gives the same cuts.
 */
const WINDOW: usize = 64;

/**
 * Length of the chunk that begins at `start`, where `available` bytes follow. Searches from `minimum`; up to `normal` a
 * place must be below `strict`, behind it below `loose` (which evens out the lengths) or some 64 bytes into a run of zeros,
 * whose hash is `zeros` (of the oldest bytes few bits count); at `maximum` it cuts anyway. Where `available` ends first it
 * returns `available`: right at the end of the file, else the caller brings more bytes. `table` is the address of 256 u64.
 */
export function findCut(
  table: usize,
  start: usize,
  available: usize,
  minimum: usize,
  normal: usize,
  maximum: usize,
  strict: u64,
  loose: u64,
  zeros: u64,
): usize {
  if (available <= minimum) return available;
  const last = available < maximum ? available : maximum;
  const middle = normal < last ? normal : last;

  let hash: u64 = 0;
  let at = start + minimum - WINDOW;
  let end = start + minimum;
  while (at < end) {
    hash = (hash << 1) + load<u64>(table + ((<usize>load<u8>(at)) << 3));
    at++;
  }
  end = start + middle;
  while (at < end) {
    hash = (hash << 1) + load<u64>(table + ((<usize>load<u8>(at)) << 3));
    at++;
    if (hash < strict) return at - start;
  }
  end = start + last;
  while (at < end) {
    hash = (hash << 1) + load<u64>(table + ((<usize>load<u8>(at)) << 3));
    at++;
    if (hash < loose) return at - start;
    if (hash == zeros && load<u8>(at - WINDOW - 1) != 0) return at - start;
  }
  return last;
}
