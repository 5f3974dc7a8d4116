/**
 * Poly1305 (RFC 8439, section 2.5): the message, cut into blocks of 16 bytes read as numbers with a 1 on top, is a
 * polynomial evaluated at r modulo 2^130 - 5. Numbers are five limbs of 26 bits, so that products of limbs and their sums
 * fit 64 bits, which is the widest product that WebAssembly has.
 */
const LIMB: u64 = 0x3ffffff;
const TOP: u64 = 1 << 24;

// Limbs of r at 0, of the accumulator at 40, s (16 bytes) at 80.
const state: usize = memory.data(96, 16);

/** Address of the 32 bytes of the one-time key (r, then s) to put before `poly1305Start`, and of the tag afterwards. */
const exchange: usize = memory.data(32, 16);

export function poly1305State(): usize {
  return exchange;
}

/** Takes the key at `poly1305State()`. */
export function poly1305Start(): void {
  const low = load<u64>(exchange) & 0x0ffffffc0fffffff;
  const high = load<u64>(exchange, 8) & 0x0ffffffc0ffffffc;
  store<u64>(state, low & LIMB, 0);
  store<u64>(state, (low >> 26) & LIMB, 8);
  store<u64>(state, ((low >> 52) | (high << 12)) & LIMB, 16);
  store<u64>(state, (high >> 14) & LIMB, 24);
  store<u64>(state, high >> 40, 32);
  memory.fill(state + 40, 0, 40);
  store<u64>(state, load<u64>(exchange, 16), 80);
  store<u64>(state, load<u64>(exchange, 24), 88);
}

function absorb(at: usize, end: usize, top: u64): void {
  const r0 = load<u64>(state, 0);
  const r1 = load<u64>(state, 8);
  const r2 = load<u64>(state, 16);
  const r3 = load<u64>(state, 24);
  const r4 = load<u64>(state, 32);
  const s1 = r1 * 5;
  const s2 = r2 * 5;
  const s3 = r3 * 5;
  const s4 = r4 * 5;
  let h0 = load<u64>(state, 40);
  let h1 = load<u64>(state, 48);
  let h2 = load<u64>(state, 56);
  let h3 = load<u64>(state, 64);
  let h4 = load<u64>(state, 72);

  while (at < end) {
    const low = load<u64>(at);
    const high = load<u64>(at, 8);
    h0 += low & LIMB;
    h1 += (low >> 26) & LIMB;
    h2 += ((low >> 52) | (high << 12)) & LIMB;
    h3 += (high >> 14) & LIMB;
    h4 += (high >> 40) | top;

    const d0 = h0 * r0 + h1 * s4 + h2 * s3 + h3 * s2 + h4 * s1;
    let d1 = h0 * r1 + h1 * r0 + h2 * s4 + h3 * s3 + h4 * s2;
    let d2 = h0 * r2 + h1 * r1 + h2 * r0 + h3 * s4 + h4 * s3;
    let d3 = h0 * r3 + h1 * r2 + h2 * r1 + h3 * r0 + h4 * s4;
    let d4 = h0 * r4 + h1 * r3 + h2 * r2 + h3 * r1 + h4 * r0;

    d1 += d0 >> 26;
    d2 += d1 >> 26;
    d3 += d2 >> 26;
    d4 += d3 >> 26;
    h0 = (d0 & LIMB) + (d4 >> 26) * 5;
    h1 = (d1 & LIMB) + (h0 >> 26);
    h0 &= LIMB;
    h2 = d2 & LIMB;
    h3 = d3 & LIMB;
    h4 = d4 & LIMB;
    at += 16;
  }
  store<u64>(state, h0, 40);
  store<u64>(state, h1, 48);
  store<u64>(state, h2, 56);
  store<u64>(state, h3, 64);
  store<u64>(state, h4, 72);
}

/** Takes whole blocks: `length` must be a multiple of 16. */
export function poly1305Blocks(at: usize, length: usize): void {
  absorb(at, at + length, TOP);
}

/** Takes the last `length` bytes (0 to 15; the block at `at` is overwritten) and leaves the tag at `poly1305State()`. */
export function poly1305Finish(at: usize, length: usize): void {
  if (length > 0) {
    store<u8>(at + length, 1);
    memory.fill(at + length + 1, 0, 15 - length);
    absorb(at, at + 16, 0);
  }
  let h0 = load<u64>(state, 40);
  let h1 = load<u64>(state, 48);
  let h2 = load<u64>(state, 56);
  let h3 = load<u64>(state, 64);
  let h4 = load<u64>(state, 72);

  // Carry twice: the limbs are then fully reduced but for one possible subtraction of the prime.
  for (let round = 0; round < 2; round++) {
    h1 += h0 >> 26;
    h0 &= LIMB;
    h2 += h1 >> 26;
    h1 &= LIMB;
    h3 += h2 >> 26;
    h2 &= LIMB;
    h4 += h3 >> 26;
    h3 &= LIMB;
    h0 += (h4 >> 26) * 5;
    h4 &= LIMB;
  }
  h1 += h0 >> 26;
  h0 &= LIMB;

  // h + 5 - 2^130: where that is not negative, it is the reduced number. Selected without a branch on secret data.
  let g0 = h0 + 5;
  let g1 = h1 + (g0 >> 26);
  g0 &= LIMB;
  let g2 = h2 + (g1 >> 26);
  g1 &= LIMB;
  let g3 = h3 + (g2 >> 26);
  g2 &= LIMB;
  let g4 = h4 + (g3 >> 26);
  g3 &= LIMB;
  const reduced = <u64>0 - (g4 >> 26);
  g4 &= LIMB;
  h0 = (h0 & ~reduced) | (g0 & reduced);
  h1 = (h1 & ~reduced) | (g1 & reduced);
  h2 = (h2 & ~reduced) | (g2 & reduced);
  h3 = (h3 & ~reduced) | (g3 & reduced);
  h4 = (h4 & ~reduced) | (g4 & reduced);

  const low = h0 | (h1 << 26) | (h2 << 52);
  const high = (h2 >> 12) | (h3 << 14) | (h4 << 40);
  const sumLow = low + load<u64>(state, 80);
  const carry: u64 = sumLow < low ? 1 : 0;
  store<u64>(exchange, sumLow);
  store<u64>(exchange, high + load<u64>(state, 88) + carry, 8);
}
