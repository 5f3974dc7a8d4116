import koffi from "koffi";

/**
 * The OpenSSL that Node itself is linked with, called directly: into buffers that are there already, and with contexts that are
 * set up once, which for short messages is most of what Node's own calls cost. Every thread has contexts of its own, for as
 * long as the process lives. All calls throw where OpenSSL refuses.
 */
export interface Openssl {
  /** AES-256 in counter mode, which is the same both ways. `output` is as long as `input`, and may not overlap it. */
  aes256Ctr(key: Uint8Array, iv: Uint8Array, input: Uint8Array, output: Uint8Array): void;
  /** One block of 16 bytes under AES-128. */
  aes128Block(key: Uint8Array, block: Uint8Array): Buffer;
  /** The 16-byte tag under a one-time key of 32 bytes: RFC 8439, section 2.5. */
  poly1305(key: Uint8Array, message: Uint8Array): Buffer;
  /** The digest, by a thread of libuv's: `message` must stay as it is until then. Rejects where the others throw. */
  sha256InThread(message: Uint8Array): Promise<Buffer>;
  /** The same of what comes in pieces. */
  sha256InPieces(): PiecewiseSha256;
}

/** Must be closed, with nothing under way. */
export interface PiecewiseSha256 {
  /** By a thread of libuv's: one piece after the other, which must stay as it is until then. */
  add(piece: Uint8Array): Promise<void>;
  /** Of all that was added. To be asked for once. */
  digest(): Buffer;
  close(): void;
}

/** Undefined where this Node does not offer it to others, or lacks one of the algorithms (FIPS). */
export function loadOpenssl(): Openssl | undefined {
  try {
    return openssl();
  } catch {
    return undefined;
  }
}

function openssl(): Openssl {
  const node = koffi.load(null);
  const newCipher = node.func("void *EVP_CIPHER_CTX_new()");
  const initCipher = node.func("int EVP_EncryptInit_ex(void *, void *, void *, const void *, const void *)");
  const updateCipher = node.func("int EVP_EncryptUpdate(void *, void *, void *, const void *, int)");
  const fetchMac = node.func("void *EVP_MAC_fetch(void *, const char *, const char *)");
  const newMac = node.func("void *EVP_MAC_CTX_new(void *)");
  const initMac = node.func("int EVP_MAC_init(void *, const void *, size_t, void *)");
  const updateMac = node.func("int EVP_MAC_update(void *, const void *, size_t)");
  const finishMac = node.func("int EVP_MAC_final(void *, void *, void *, size_t)");

  const digest = node.func("int EVP_Digest(const void *, size_t, void *, void *, void *, void *)");
  const newDigest = node.func("void *EVP_MD_CTX_new()");
  const initDigest = node.func("int EVP_DigestInit_ex(void *, void *, void *)");
  const updateDigest = node.func("int EVP_DigestUpdate(void *, const void *, size_t)");
  const finishDigest = node.func("int EVP_DigestFinal_ex(void *, void *, void *)");
  const freeDigest = node.func("void EVP_MD_CTX_free(void *)");
  const sha256: unknown = node.func("void *EVP_sha256()")();
  expect(sha256 !== null);

  const cipherOf = (algorithm: string): unknown => {
    const cipher: unknown = newCipher();
    expect(initCipher(cipher, node.func(`void *${algorithm}()`)(), null, null, null));
    return cipher;
  };
  const ctr = cipherOf("EVP_aes_256_ctr");
  const ecb = cipherOf("EVP_aes_128_ecb");
  const algorithm: unknown = fetchMac(null, "POLY1305", null);
  const mac: unknown = algorithm === null ? null : newMac(algorithm);
  expect(mac !== null);
  /** Takes the numbers of written bytes, which are known beforehand. */
  const written = Buffer.alloc(8);

  return {
    aes256Ctr(key, iv, input, output) {
      if (key.length !== 32 || iv.length !== 16 || output.length < input.length) throw wrongLengths();
      expect(initCipher(ctr, null, null, key, iv));
      if (input.length > 0) expect(updateCipher(ctr, output, written, input, input.length));
    },
    aes128Block(key, block) {
      if (key.length !== 16 || block.length !== 16) throw wrongLengths();
      const output = Buffer.allocUnsafe(16);
      expect(initCipher(ecb, null, null, key, null));
      expect(updateCipher(ecb, output, written, block, 16));
      return output;
    },
    poly1305(key, message) {
      if (key.length !== 32) throw wrongLengths();
      const tag = Buffer.allocUnsafe(16);
      expect(initMac(mac, key, key.length, null));
      if (message.length > 0) expect(updateMac(mac, message, message.length));
      expect(finishMac(mac, tag, written, tag.length));
      return tag;
    },
    sha256InThread: (message) =>
      new Promise((resolve, reject) => {
        const output = Buffer.allocUnsafe(32);
        digest.async(message, message.length, output, null, sha256, null, (error: unknown, success: number) => {
          if (!error && success === 1) resolve(output);
          else reject(error ?? refusal());
        });
      }),
    sha256InPieces() {
      const context: unknown = newDigest();
      expect(context !== null && initDigest(context, sha256, null));
      return {
        add: (piece) =>
          new Promise((resolve, reject) => {
            updateDigest.async(context, piece, piece.length, (error: unknown, success: number) => {
              if (!error && success === 1) resolve();
              else reject(error ?? refusal());
            });
          }),
        digest() {
          const output = Buffer.allocUnsafe(32);
          expect(finishDigest(context, output, null));
          return output;
        },
        close: () => freeDigest(context),
      };
    },
  };
}

function expect(success: unknown): void {
  if (success !== 1 && success !== true) throw refusal();
}

const refusal = (): Error => new Error("OpenSSL refused: this is a mistake in how it is called.");

const wrongLengths = (): RangeError => new RangeError("Keys, vectors or buffers of the wrong length for OpenSSL.");
