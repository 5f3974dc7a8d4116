import { scrypt } from "node:crypto";
import { promisify } from "node:util";
import type { MasterKey } from "./types.ts";

/** What deriving a key costs: 128·N·r bytes of memory, and time that grows with N·r·p. See scrypt, RFC 7914. */
export type Cost = Readonly<{ N: number; r: number; p: number }>;

const deriveBytes = promisify<string, Buffer, number, Cost & { maxmem: number }, Buffer>(scrypt);

/** The key that a password stands for, by scrypt. */
export async function deriveKey(password: string, salt: Buffer, { N, r, p }: Cost): Promise<MasterKey> {
  const maxmem = 128 * N * r + 128 * r * p + 1024 * 1024;
  const bytes = await deriveBytes(password, salt, 64, { N, r, p, maxmem });
  return { encrypt: bytes.subarray(0, 32), macK: bytes.subarray(32, 48), macR: bytes.subarray(48, 64) };
}
