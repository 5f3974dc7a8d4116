import { randomBytes } from "node:crypto";

/** Polynomials over GF(2) as bits of a bigint. Restic cuts by a random irreducible one of this degree, and refuses any other. */
const degree = 53n;

/** A random irreducible polynomial of degree 53, in hex without `0x`. About every 53rd candidate is one. */
export function randomPolynomial(): string {
  for (;;) {
    const random = BigInt.asUintN(53, randomBytes(8).readBigUInt64BE());
    const candidate = random | (1n << degree) | 1n;
    if (isIrreducible(candidate)) return candidate.toString(16);
  }
}

/** Rabin's test for a prime degree: no root in GF(2), and x^(2^53) = x modulo the polynomial. */
export function isIrreducible(polynomial: bigint): boolean {
  if (polynomial >> degree !== 1n) return false;
  const constantTerm = (polynomial & 1n) === 1n;
  const oddTerms = polynomial.toString(2).replaceAll("0", "").length % 2 === 1;
  if (!constantTerm || !oddTerms) return false;
  let power = 2n;
  for (let step = 0n; step < degree; step++) power = squareModulo(power, polynomial);
  return power === 2n;
}

function squareModulo(value: bigint, polynomial: bigint): bigint {
  let product = 0n;
  for (let bit = 0n; bit < degree; bit++) {
    if ((value >> bit) & 1n) product ^= 1n << (2n * bit);
  }
  for (let bit = 2n * degree; bit >= degree; bit--) {
    if ((product >> bit) & 1n) product ^= polynomial << (bit - degree);
  }
  return product;
}
