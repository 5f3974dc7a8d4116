import { createCipheriv, hash, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { poly1305 } from "../kernel/poly1305.ts";
import { loadOpenssl, type Openssl } from "./openssl.ts";

const openssl = loadOpenssl() as Openssl;

const lengths = [0, 1, 15, 16, 17, 63, 64, 65, 1000, 262_143, 1_048_577];

describe("Node's own OpenSSL", () => {
  it.each(lengths)("does with %i bytes what Node's calls and the kernel do", (length) => {
    const [key, macKey, iv, message] = [randomBytes(32), randomBytes(32), randomBytes(16), randomBytes(length)];
    const output = Buffer.alloc(length);
    openssl.aes256Ctr(key, iv, message, output);
    expect(output.equals(createCipheriv("aes-256-ctr", key, iv).update(message))).toBe(true);
    expect(openssl.poly1305(macKey, message)).toEqual(poly1305(macKey.subarray(0, 16), macKey.subarray(16), message));
    const block = createCipheriv("aes-128-ecb", macKey.subarray(0, 16), null).update(iv);
    expect(openssl.aes128Block(macKey.subarray(0, 16), iv)).toEqual(block);
  });

  it.each(lengths)("hashes %i bytes in another thread, as Node does", async (length) => {
    const message = randomBytes(length + 20).subarray(10, 10 + length);
    expect((await openssl.sha256InThread(message)).toString("hex")).toBe(hash("sha256", message));
  });

  it.each(lengths)("hashes %i bytes that come in pieces, as Node does", async (length) => {
    const message = Buffer.from(new SharedArrayBuffer(length));
    randomBytes(length).copy(message);
    for (const piece of [1, 64, 100_000].filter((each) => length / each < 2000)) {
      const sha256 = openssl.sha256InPieces();
      for (let at = 0; at < length; at += piece) await sha256.add(message.subarray(at, at + piece));
      expect(sha256.digest().toString("hex")).toBe(hash("sha256", message));
      sha256.close();
    }
  });

  it("keeps what is hashed at the same time apart", async () => {
    const messages = [randomBytes(3_000_000), randomBytes(3_000_000)];
    const hashed = messages.map(async (message) => {
      const sha256 = openssl.sha256InPieces();
      for (let at = 0; at < message.length; at += 500_000) await sha256.add(message.subarray(at, at + 500_000));
      const digest = sha256.digest().toString("hex");
      sha256.close();
      return digest;
    });
    expect(await Promise.all(hashed)).toEqual(messages.map((message) => hash("sha256", message)));
  });

  it("works within parts of longer buffers, shared ones too", () => {
    const [key, iv] = [randomBytes(32), randomBytes(16)];
    const shared = Buffer.from(new SharedArrayBuffer(300));
    openssl.aes256Ctr(key, iv, Buffer.alloc(120, 7).subarray(20), shared.subarray(100, 200));
    expect(shared.subarray(0, 100).equals(Buffer.alloc(100))).toBe(true);
    expect(shared.subarray(100, 200)).toEqual(createCipheriv("aes-256-ctr", key, iv).update(Buffer.alloc(100, 7)));
    expect(shared.subarray(200).equals(Buffer.alloc(100))).toBe(true);
  });

  it("writes past no buffer, and reads past no key", () => {
    const [key, iv] = [randomBytes(32), randomBytes(16)];
    expect(() => openssl.aes256Ctr(key, iv, Buffer.alloc(17), Buffer.alloc(16))).toThrow(RangeError);
    expect(() => openssl.aes256Ctr(key.subarray(1), iv, Buffer.alloc(1), Buffer.alloc(1))).toThrow(RangeError);
    expect(() => openssl.aes256Ctr(key, iv.subarray(1), Buffer.alloc(1), Buffer.alloc(1))).toThrow(RangeError);
    expect(() => openssl.aes128Block(key, iv)).toThrow(RangeError);
    expect(() => openssl.poly1305(iv, Buffer.alloc(1))).toThrow(RangeError);
  });
});
