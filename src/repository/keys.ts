import { randomBytes } from "node:crypto";
import { z } from "zod";
import { isStorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { idOf, isId, seal, unseal } from "./crypto.ts";
import { deriveKey } from "./derive-key.ts";
import { damaged, RepositoryError } from "./errors.ts";
import type { Id, MasterKey } from "./types.ts";

/** The least work that guessing one password costs; what we write, and restic's own least. */
const cost = { N: 32_768, r: 8, p: 1 } as const;

/** A key file must not make us take more memory or time than this: 128·N·r bytes. */
const maximumMemory = 512 * 1024 * 1024;
const maximumPasses = 64;
/** Keys that are tried on one repository. Restic, too, tries no more. */
export const maximumKeys = 20;

const keyFile = z.object({
  created: z.string().optional(),
  username: z.string().optional(),
  hostname: z.string().optional(),
  kdf: z.literal("scrypt"),
  N: z.int().min(2),
  r: z.int().min(1),
  p: z.int().min(1).max(maximumPasses),
  salt: z.base64(),
  data: z.base64(),
});
export type KeyFile = z.infer<typeof keyFile>;

const masterDocument = z.object({ mac: z.object({ k: z.base64(), r: z.base64() }), encrypt: z.base64() });

export interface OpenedKey {
  readonly id: Id;
  readonly master: MasterKey;
}

export interface NewKey {
  readonly storage: Storage;
  readonly password: string;
  /** Why restic takes another password from the same file: no key is made then. */
  readonly passwordFlaw?: string | undefined;
  readonly master: MasterKey;
  readonly username?: string | undefined;
  readonly hostname?: string | undefined;
}

/** Writes a key file through which `password` opens `master`, and returns its id. Rejects with `InvalidConfiguration` where it has a flaw. */
export async function addKey({ storage, password, passwordFlaw, master, username, hostname }: NewKey): Promise<Id> {
  if (password === "") throw new RepositoryError("PasswordMissing", "An empty password protects nothing: set one.");
  if (passwordFlaw !== undefined) throw new RepositoryError("InvalidConfiguration", refusalOf(passwordFlaw));
  const salt = randomBytes(64);
  const userKey = await deriveKey(password, salt, cost);
  const file: KeyFile = {
    created: new Date().toISOString(),
    username: username ?? "",
    hostname: hostname ?? "",
    kdf: "scrypt",
    ...cost,
    salt: salt.toString("base64"),
    data: seal(userKey, encodeMaster(master)).toString("base64"),
  };
  const bytes = Buffer.from(JSON.stringify(file));
  const id = idOf(bytes);
  await storage.put(`keys/${id}`, bytes);
  return id;
}

const refusalOf = (flaw: string): string =>
  `${flaw} So no key was made with it. Write the file anew, in UTF-8, with the password alone and at most one newline behind it: printf %s 'PASSWORD' > FILE. ` +
  "In a cluster it is from the Secret that the BackupTarget names. Repositories that have this password already keep it until you change it there.";

/**
 * The key files that `password` opens. Tells a wrong password (`WrongPassword`) from key files that are broken
 * (`RepositoryDamaged`) and from none at all (`RepositoryNotFound`). `known` ones are tried even where a stale listing lacks them.
 * One that the store does not give out keeps no other from being tried, but ends it all with `ObjectUnreadable`, also where others were opened:
 * nobody knows then whether these are all.
 */
export async function* openKeys(
  storage: Storage,
  password: string,
  known: readonly Id[] = [],
): AsyncGenerator<OpenedKey> {
  const ids = [...new Set([...known, ...(await listKeys(storage))])];
  const broken: string[] = [];
  const unreadable: { readonly id: Id; readonly why: string }[] = [];
  let opened = 0;
  let refused = 0;
  for (const id of ids.slice(0, maximumKeys)) {
    const file = await readKey(storage, id).catch((error: unknown) => {
      if (isStorageError(error, "Unreadable")) unreadable.push({ id, why: `${error.message}.` });
      else if (error instanceof RepositoryError) broken.push(error.message);
      else throw error;
    });
    if (!file) continue;
    const master = await openKey(file, password);
    if (!master) {
      refused++;
      continue;
    }
    opened++;
    yield { id, master };
  }
  const also = broken.length > 0 ? ` Besides: ${broken.join(" ")}` : "";
  const [first] = unreadable;
  if (first) {
    throw new RepositoryError(
      "ObjectUnreadable",
      `The password may open a key of ${storage.description} that cannot be read at present. ${unreadable.map(({ why }) => why).join(" ")} See to what it lies on, and try again. ` +
        `If it is lost for good and a password of yours opens the repository by another key, remove it: key remove ${first.id}.${also}`,
    );
  }
  if (opened > 0) return;
  if (refused > 0) {
    throw new RepositoryError(
      "WrongPassword",
      `The password opens none of the ${refused} keys of ${storage.description}: check the password Secret or file.${also}`,
    );
  }
  if (broken.length > 0) {
    throw damaged(
      `No key of ${storage.description} can be used. ${broken.join(" ")} Bring the files below keys/ back from a copy.`,
    );
  }
  throw new RepositoryError("RepositoryNotFound", `There is no key in ${storage.description}: it is not a repository.`);
}

export async function listKeys(storage: Storage): Promise<Id[]> {
  const ids: Id[] = [];
  for await (const { key } of storage.list("keys/")) {
    const id = key.slice("keys/".length);
    if (isId(id)) ids.push(id);
  }
  return ids.sort();
}

/** A key file, checked against its name and its own limits. */
export async function readKey(storage: Storage, id: Id): Promise<KeyFile> {
  const where = `The key keys/${id} of ${storage.description}`;
  const bytes = await storage.get(`keys/${id}`).catch((error: unknown) => {
    if (isStorageError(error, "NotFound")) throw damaged(`${where} has just vanished.`, error);
    throw error;
  });
  if (idOf(bytes) !== id) throw damaged(`${where} is damaged: its content does not fit its name.`);
  const parsed = keyFile.safeParse(parseJson(bytes));
  if (!parsed.success) throw damaged(`${where} is not a key file of restic.`, parsed.error);
  const { N, r } = parsed.data;
  const powerOfTwo = (N & (N - 1)) === 0;
  if (!powerOfTwo || 128 * N * r > maximumMemory)
    throw damaged(`${where} asks for an absurd key derivation (N=${N}, r=${r}).`);
  return parsed.data;
}

async function openKey(file: KeyFile, password: string): Promise<MasterKey | undefined> {
  const userKey = await deriveKey(password, Buffer.from(file.salt, "base64"), file);
  const plaintext = unseal(userKey, Buffer.from(file.data, "base64"));
  return plaintext && decodeMaster(plaintext);
}

const encodeMaster = ({ macK, macR, encrypt }: MasterKey): Buffer =>
  Buffer.from(
    JSON.stringify({
      mac: { k: macK.toString("base64"), r: macR.toString("base64") },
      encrypt: encrypt.toString("base64"),
    }),
  );

function decodeMaster(bytes: Buffer): MasterKey {
  const parsed = masterDocument.safeParse(parseJson(bytes));
  if (!parsed.success) throw damaged("A key opened, but what it holds is no master key.");
  const { mac, encrypt } = parsed.data;
  const master = {
    encrypt: Buffer.from(encrypt, "base64"),
    macK: Buffer.from(mac.k, "base64"),
    macR: Buffer.from(mac.r, "base64"),
  };
  if (master.encrypt.length !== 32 || master.macK.length !== 16 || master.macR.length !== 16) {
    throw damaged("A key opened, but its master key has the wrong length.");
  }
  return master;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
