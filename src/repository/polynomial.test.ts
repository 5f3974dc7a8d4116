import { expect, test } from "vitest";
import { isIrreducible, randomPolynomial } from "./polynomial.ts";

test("accepts the polynomial of restic's documentation", () => {
  expect(isIrreducible(0x3da3358b4dc173n)).toBe(true);
});

test("refuses what has a factor, and other degrees", () => {
  expect(isIrreducible(0x3da3358b4dc172n)).toBe(false);
  expect(isIrreducible(0x3da3358b4dc171n)).toBe(false);
  expect(isIrreducible(0b111n)).toBe(false);
  // (x^2 + x + 1) times a polynomial of degree 51: no root, and yet not irreducible.
  const factor = (1n << 51n) | 0b11n;
  expect(isIrreducible(factor ^ (factor << 1n) ^ (factor << 2n))).toBe(false);
});

test("makes a different one each time, in hex", () => {
  const polynomials = Array.from({ length: 5 }, randomPolynomial);
  expect(new Set(polynomials).size).toBe(5);
  for (const polynomial of polynomials) {
    expect(polynomial).toMatch(/^[23][0-9a-f]{13}$/);
    expect(isIrreducible(BigInt(`0x${polynomial}`))).toBe(true);
  }
});
