import { beforeEach, describe, expect, test } from "vitest";
import { StorageError } from "../storage/errors.ts";
import { memoryStorage } from "../storage/memory.ts";
import type { Storage } from "../storage/storage.ts";
import { withBadSector } from "../storage/testing.ts";
import { seal } from "./crypto.ts";
import { RepositoryError } from "./errors.ts";
import { addKey } from "./keys.ts";
import { initialiseRepository, openRepository, repositoryState } from "./repository.ts";

const password = "correct horse";
let storage: ReturnType<typeof memoryStorage>;

beforeEach(() => {
  storage = memoryStorage();
});

const keyNames = (): string[] => [...storage.objects.keys()].filter((key) => key.startsWith("keys/"));
const reason = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "none",
    (error: unknown) =>
      error instanceof RepositoryError ? error.reason : error instanceof StorageError ? error.kind : String(error),
  );

/** The same store, with some of its methods replaced. */
const storageWith = (changes: Partial<Storage>): Storage => ({ ...storage, ...changes });

describe("initialiseRepository", () => {
  test("makes a repository that opens with its password only", async () => {
    const made = await initialiseRepository({ storage, password });
    expect(await repositoryState(storage)).toBe("Ready");
    const opened = await openRepository({ storage, password });
    expect(opened).toEqual({ ...made, memory: expect.anything() });
    expect(await reason(openRepository({ storage, password: "wrong" }))).toBe("WrongPassword");
  });

  test("opens one that is there and changes nothing", async () => {
    const made = await initialiseRepository({ storage, password });
    const before = new Map(storage.objects);
    expect(await initialiseRepository({ storage, password })).toEqual({ ...made, memory: expect.anything() });
    expect(storage.objects).toEqual(before);
  });

  test("makes none with a password that has a flaw, and opens what has it", async () => {
    const flawed = { storage, password, passwordFlaw: "It begins with white space." };
    const making = initialiseRepository(flawed);
    await expect(making).rejects.toThrow(
      /^It begins with white space\. So no key was made with it\. Write the file anew/,
    );
    expect(await reason(making)).toBe("InvalidConfiguration");
    expect(storage.objects.size).toBe(0);
    const made = await initialiseRepository({ storage, password });
    expect((await initialiseRepository(flawed)).id).toBe(made.id);
  });

  test("goes on with the key that an interrupted one left, never with a new one", async () => {
    const failing = storageWith({
      put: (key, data, options) =>
        key === "config" ? Promise.reject(new StorageError("Failed", "killed")) : storage.put(key, data, options),
    });
    expect(await reason(initialiseRepository({ storage: failing, password }))).toBe("Failed");
    const [left] = keyNames();
    expect(await repositoryState(storage)).toBe("Initialising");
    expect(await reason(initialiseRepository({ storage, password: "other" }))).toBe("WrongPassword");
    const finished = await initialiseRepository({ storage, password });
    expect(keyNames()).toEqual([left]);
    expect(`keys/${finished.keyId}`).toBe(left);
  });

  test("takes the other's repository where somebody else was first, and leaves no key of its own", async () => {
    const theirs = memoryStorage();
    const other = await initialiseRepository({ storage: theirs, password });
    const racing = storageWith({
      async put(key, data, options) {
        if (key === "config") for (const [name, bytes] of theirs.objects) storage.objects.set(name, bytes);
        return storage.put(key, data, options);
      },
    });
    const opened = await initialiseRepository({ storage: racing, password });
    expect(opened.id).toBe(other.id);
    expect(keyNames()).toEqual([`keys/${other.keyId}`]);
  });

  test("is content when the store had done a put whose answer was lost", async () => {
    const twice = storageWith({
      async put(key, data, options) {
        await storage.put(key, data, options);
        if (key === "config") await storage.put(key, data, options);
      },
    });
    const made = await initialiseRepository({ storage: twice, password });
    expect(await openRepository({ storage, password })).toMatchObject({ id: made.id });
  });

  test.each(["get", "list"] as const)("never takes a store whose %s fails for empty", async (method) => {
    const unreachable = new StorageError("Unreachable", "no route");
    const failing = storageWith({
      [method]: () => {
        throw unreachable;
      },
    });
    expect(await reason(initialiseRepository({ storage: failing, password }))).toBe("Unreachable");
    expect(await reason(repositoryState(failing))).toBe("Unreachable");
    expect(storage.objects.size).toBe(0);
  });

  test.each(["data/00/0", "index/0", "snapshots/0"])("refuses a place that has %s and no config", async (key) => {
    storage.objects.set(key, Buffer.from("x"));
    expect(await reason(initialiseRepository({ storage, password }))).toBe("RepositoryDamaged");
    expect(storage.objects.size).toBe(1);
  });

  test("wants a password", async () => {
    expect(await reason(initialiseRepository({ storage, password: "" }))).toBe("PasswordMissing");
  });
});

describe("openRepository", () => {
  test("says that there is none", async () => {
    expect(await reason(openRepository({ storage, password }))).toBe("RepositoryNotFound");
    expect(storage.objects.size).toBe(0);
  });

  test("opens with each of several passwords", async () => {
    const { master, id } = await initialiseRepository({ storage, password });
    await addKey({ storage, password: "second", master });
    expect(await openRepository({ storage, password: "second" })).toMatchObject({ id });
    expect(await openRepository({ storage, password })).toMatchObject({ id });
  });

  test("tells a wrong password from damage", async () => {
    const { master, keyId } = await initialiseRepository({ storage, password });
    const key = storage.objects.get(`keys/${keyId}`) as Buffer;
    key[20] = (key[20] ?? 0) ^ 1;
    expect(await reason(openRepository({ storage, password }))).toBe("RepositoryDamaged");
    await addKey({ storage, password: "second", master });
    expect(await reason(openRepository({ storage, password }))).toBe("WrongPassword");
    expect(await reason(openRepository({ storage, password: "second" }))).toBe("none");
  });

  test("tries the other keys where the store does not give one out", async () => {
    const { master, keyId } = await initialiseRepository({ storage, password });
    const second = await addKey({ storage, password: "second", master });
    for (const [id, other] of [
      [keyId, "second"],
      [second, password],
    ] as const) {
      const failing = withBadSector(storage, `keys/${id}`, 0);
      expect(await reason(openRepository({ storage: failing, password: other }))).toBe("none");
      // Whether it is wrong, nobody knows.
      const wrong = openRepository({ storage: failing, password: "another" });
      await expect(wrong).rejects.toMatchObject({
        reason: "ObjectUnreadable",
        message: expect.stringMatching(`may open a key.*cannot be read at present.*${id}.*EIO.*try again`),
      });
    }
  });

  test("says that config is damaged where it does not fit the key", async () => {
    await initialiseRepository({ storage, password });
    const config = storage.objects.get("config") as Buffer;
    config[config.length - 1] = (config.at(-1) ?? 0) ^ 1;
    expect(await reason(openRepository({ storage, password }))).toBe("RepositoryDamaged");
  });

  test("does not call a format that may come later damaged", async () => {
    const { master } = await initialiseRepository({ storage, password });
    const later = { version: 3, id: "ab".repeat(32), chunker_polynomial: "25b468838dcb75" };
    storage.objects.set("config", seal(master, Buffer.from(JSON.stringify(later))));
    expect(await reason(openRepository({ storage, password }))).toBe("FormatUnknown");
  });

  test("does not let a key file choose a ruinous key derivation", async () => {
    const { keyId } = await initialiseRepository({ storage, password });
    const file = JSON.parse(String(storage.objects.get(`keys/${keyId}`)));
    storage.objects.delete(`keys/${keyId}`);
    const { idOf } = await import("./crypto.ts");
    for (const change of [{ N: 2 ** 30 }, { N: 2 ** 20, r: 1024 }, { p: 1_000_000 }, { N: 3 }, { kdf: "none" }]) {
      const bytes = Buffer.from(JSON.stringify({ ...file, ...change }));
      storage.objects.set(`keys/${idOf(bytes)}`, bytes);
    }
    expect(await reason(openRepository({ storage, password }))).toBe("RepositoryDamaged");
  });
});
