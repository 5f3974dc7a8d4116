import {
  createCipheriv,
  createDecipheriv,
  createHash,
  hash,
  randomBytes,
  randomFillSync,
  timingSafeEqual,
} from "node:crypto";
import { poly1305 } from "../kernel/poly1305.ts";
import type { Allocate } from "../system/memory.ts";
import { loadOpenssl } from "../system/openssl.ts";
import type { Id, MasterKey } from "./types.ts";

/** Bytes that sealing adds: the IV in front, the tag behind. */
export const sealOverhead = 32;
const ivBytes = 16;
const tagBytes = 16;

/** Several times as fast as Node's own calls; what it cannot do here, they and the kernel do. */
const quick = loadOpenssl();

export const idOf = (bytes: Uint8Array): Id => hash("sha256", bytes, "hex");

/** The same as `idOf`, by another thread where that can be had: the bytes must stay as they are until then. */
export const idInThread = async (bytes: Uint8Array): Promise<Id> =>
  quick ? (await quick.sha256InThread(bytes)).toString("hex") : idOf(bytes);

/** The id of what comes in pieces, each of which must stay as it is until `add` resolves. Must be closed, with nothing under way. */
export interface PiecewiseId {
  add(piece: Uint8Array): Promise<void>;
  /** Of all that was added. To be asked for once. */
  id(): Id;
  close(): void;
}

/** By another thread where that can be had. */
export function idInPieces(): PiecewiseId {
  if (quick) {
    const { add, digest, close } = quick.sha256InPieces();
    return { add, id: () => digest().toString("hex"), close };
  }
  const sha256 = createHash("sha256");
  return {
    async add(piece) {
      sha256.update(piece);
    },
    id: () => sha256.digest("hex"),
    close() {},
  };
}

export const isId = (text: unknown): text is Id => typeof text === "string" && /^[0-9a-f]{64}$/.test(text);

export const randomMasterKey = (): MasterKey => ({
  encrypt: randomBytes(32),
  macK: randomBytes(16),
  macR: clamped(randomBytes(16)),
});

/** Poly1305 ignores these bits of its multiplier; stored keys have them cleared. */
export function clamped(macR: Buffer): Buffer {
  const result = Buffer.from(macR);
  for (const at of [3, 7, 11, 15]) result[at] = (result[at] ?? 0) & 0x0f;
  for (const at of [4, 8, 12]) result[at] = (result[at] ?? 0) & 0xfc;
  return result;
}

/** `IV ‖ AES-256-CTR(plaintext) ‖ Poly1305-AES(ciphertext)`, restic's sealing. */
export function seal(key: MasterKey, plaintext: Uint8Array): Buffer {
  const sealed = Buffer.allocUnsafe(plaintext.length + sealOverhead);
  sealInto(key, plaintext, sealed);
  return sealed;
}

/** The same as `seal`, into the first bytes of `target`; returns how many that were. */
export function sealInto(key: MasterKey, plaintext: Uint8Array, target: Buffer): number {
  const iv = target.subarray(0, ivBytes);
  const body = target.subarray(ivBytes, ivBytes + plaintext.length);
  randomFillSync(iv);
  if (quick) quick.aes256Ctr(key.encrypt, iv, plaintext, body);
  else createCipheriv("aes-256-ctr", key.encrypt, iv).update(plaintext).copy(body);
  tagOf(key, iv, body).copy(target, ivBytes + plaintext.length);
  return plaintext.length + sealOverhead;
}

/** The plaintext, or undefined where the tag does not fit: damaged bytes, or another key. */
export function unseal(
  key: MasterKey,
  sealed: Uint8Array,
  allocate: Allocate = Buffer.allocUnsafe,
): Buffer | undefined {
  if (!isAuthentic(key, sealed)) return undefined;
  const iv = sealed.subarray(0, ivBytes);
  const body = sealed.subarray(ivBytes, sealed.length - tagBytes);
  if (!quick) return createDecipheriv("aes-256-ctr", key.encrypt, iv).update(body);
  const plaintext = allocate(body.length);
  quick.aes256Ctr(key.encrypt, iv, body, plaintext);
  return plaintext;
}

/** Whether it is exactly what was sealed with this key. */
export function isAuthentic(key: MasterKey, sealed: Uint8Array): boolean {
  if (sealed.length < sealOverhead) return false;
  const iv = sealed.subarray(0, ivBytes);
  const body = sealed.subarray(ivBytes, sealed.length - tagBytes);
  return timingSafeEqual(sealed.subarray(sealed.length - tagBytes), tagOf(key, iv, body));
}

function tagOf(key: MasterKey, iv: Uint8Array, ciphertext: Uint8Array): Buffer {
  if (quick) return quick.poly1305(Buffer.concat([key.macR, quick.aes128Block(key.macK, iv)]), ciphertext);
  const block = createCipheriv("aes-128-ecb", key.macK, null).update(iv);
  return poly1305(key.macR, block, ciphertext);
}
