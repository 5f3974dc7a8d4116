import { createCipheriv, createHash } from "node:crypto";

/** Endless bytes that do not compress and are the same for the same seed. */
export function keystream(seed: string): { take(length: number): Buffer; below(limit: number): number } {
  const key = createHash("sha256").update(seed).digest();
  const cipher = createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
  const take = (length: number) => cipher.update(Buffer.alloc(length));
  return {
    take,
    /** A whole number from 0 below `limit`. */
    below: (limit) => take(6).readUIntBE(0, 6) % limit,
  };
}
