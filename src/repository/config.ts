import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { Storage } from "../storage/storage.ts";
import { isId, seal, unseal } from "./crypto.ts";
import { damaged, RepositoryError } from "./errors.ts";
import { randomPolynomial } from "./polynomial.ts";
import type { MasterKey } from "./types.ts";

const configDocument = z.object({
  version: z.union([z.literal(1), z.literal(2)]),
  id: z.string().refine(isId),
  chunker_polynomial: z.string().regex(/^[0-9a-f]{1,16}$/),
});
/** Of a format that may come after those that we know. */
const laterConfig = z.object({ version: z.int().min(3) });
export type ConfigDocument = z.infer<typeof configDocument>;

export const newConfig = (): ConfigDocument => ({
  version: 2,
  id: randomBytes(32).toString("hex"),
  chunker_polynomial: randomPolynomial(),
});

/** Rejects with the store's `AlreadyExists` where somebody else was first. */
export const writeConfig = (storage: Storage, master: MasterKey, config: ConfigDocument): Promise<void> =>
  storage.put("config", seal(master, Buffer.from(JSON.stringify(config))), { ifAbsent: true });

/** The configuration in `sealed`; undefined where `master` does not open it. Throws `FormatUnknown` or `RepositoryDamaged`. */
export function decodeConfig(sealed: Buffer, master: MasterKey, where: string): ConfigDocument | undefined {
  const plaintext = unseal(master, sealed);
  if (!plaintext) return undefined;
  const document = parseJson(plaintext);
  const parsed = configDocument.safeParse(document);
  if (!parsed.success) {
    const { data: later } = laterConfig.safeParse(document);
    if (later) {
      throw new RepositoryError(
        "FormatUnknown",
        `${where} is in format ${later.version} of restic repositories; this program knows 1 and 2. Nothing was changed: use a newer one.`,
      );
    }
    throw damaged(`The config of ${where} is not one that this program knows (formats 1 and 2).`, parsed.error);
  }
  return parsed.data;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
