import { beforeEach, describe, expect, test } from "vitest";
import type { Storage } from "../storage/storage.ts";
import { withBadSector } from "../storage/testing.ts";
import { addPassword, describeKeys, openToRotate, removeKey, rotatePassword } from "./change-keys.ts";
import { addKey } from "./keys.ts";
import { withLock } from "./locks.ts";
import { openRepository } from "./repository.ts";
import { testLock, testPassword, testRepository } from "./testing.ts";
import type { Id, Repository } from "./types.ts";

let repository: Repository;
let storage: Storage;
let objects: Map<string, Buffer>;

beforeEach(async () => {
  ({ repository, storage, objects } = await testRepository());
});

const opens = async (password: string): Promise<string> => {
  try {
    return (await openRepository({ storage, password })).keyId;
  } catch (error) {
    return (error as { reason: string }).reason;
  }
};
const keys = (): string[] => [...objects.keys()].filter((key) => key.startsWith("keys/")).sort();

const remove = (key: Id, passwords: readonly string[], from: Repository = repository): Promise<Id> =>
  withLock(from, { ...testLock, exclusive: true }, (lock) => removeKey({ repository: from, lock, key, passwords }));
const rotate = (newPassword: string, from: Repository = repository) =>
  withLock(from, { ...testLock, exclusive: true }, (lock) =>
    rotatePassword({ repository: from, lock, oldPassword: testPassword, newPassword }),
  );

describe("addPassword", () => {
  test("adds a key beside the first, and says who made it", async () => {
    const before = new Map(objects);
    const added = await addPassword({ repository, newPassword: "second", username: "ann", hostname: "desk" });
    expect(added.added).toBe(true);
    expect([await opens("second"), await opens(testPassword)]).toEqual([added.id, repository.keyId]);
    const others = [...objects].filter(([key]) => key !== `keys/${added.id}`);
    expect(new Map(others)).toEqual(before);
    const described = await describeKeys(repository);
    expect(described.map(({ id }) => id).sort()).toEqual([added.id, repository.keyId].sort());
    expect(described.find(({ id }) => id === added.id)).toMatchObject({
      username: "ann",
      hostname: "desk",
      current: false,
      created: expect.stringMatching(/^\d{4}-/),
    });
    expect(described.find(({ current }) => current)?.id).toBe(repository.keyId);
  });

  test("adds none for a password that opens it already", async () => {
    const { id } = await addPassword({ repository, newPassword: "second" });
    expect(await addPassword({ repository, newPassword: "second" })).toEqual({ id, added: false });
    expect(keys()).toHaveLength(2);
  });

  test("adds none for a password that has a flaw, but where it opens it already", async () => {
    const flawed = { repository, newPassword: "second", passwordFlaw: "It is not in UTF-8." };
    await expect(addPassword(flawed)).rejects.toMatchObject({ reason: "InvalidConfiguration" });
    expect(keys()).toEqual([`keys/${repository.keyId}`]);
    const { id } = await addPassword({ repository, newPassword: "second" });
    expect(await addPassword(flawed)).toEqual({ id, added: false });
  });

  test("and none to rotate to it", async () => {
    const options = {
      repository,
      oldPassword: testPassword,
      newPassword: "second",
      passwordFlaw: "It is not in UTF-8.",
    };
    const rotating = withLock(repository, { ...testLock, exclusive: true }, (lock) =>
      rotatePassword({ ...options, lock }),
    );
    await expect(rotating).rejects.toMatchObject({ reason: "InvalidConfiguration" });
    expect([await opens(testPassword), await opens("second")]).toEqual([repository.keyId, "WrongPassword"]);
  });

  test("takes a key that the store does not give back as it was for no key", async () => {
    const broken: Storage = {
      ...storage,
      put: (key, data, options) =>
        storage.put(key, key.startsWith("keys/") ? Buffer.from(data).fill(0, 20, 21) : data, options),
    };
    const added = addPassword({ repository: { ...repository, storage: broken }, newPassword: "second" });
    await expect(added).rejects.toMatchObject({ reason: "RepositoryDamaged" });
    expect(keys()).toEqual([`keys/${repository.keyId}`]);
  });

  test("refuses more keys than programs try, and an empty password", async () => {
    await expect(addPassword({ repository, newPassword: "" })).rejects.toMatchObject({ reason: "PasswordMissing" });
    for (let key = 1; key < 20; key++) objects.set(`keys/${String(key).padStart(64, "0")}`, Buffer.from("no key"));
    await expect(addPassword({ repository, newPassword: "second" })).rejects.toThrow(/20 keys/);
  });
});

describe("removeKey", () => {
  test("removes another password's key", async () => {
    const { id } = await addPassword({ repository, newPassword: "second" });
    expect(await remove(id, [testPassword])).toBe(repository.keyId);
    expect(await opens("second")).toBe("WrongPassword");
    expect(await opens(testPassword)).toBe(repository.keyId);
  });

  test("never removes the last one", async () => {
    await expect(remove(repository.keyId, [testPassword])).rejects.toThrow(/is the last one/);
    expect(await opens(testPassword)).toBe(repository.keyId);
  });

  test("removes the current one only when a password that is given opens another", async () => {
    const { id } = await addPassword({ repository, newPassword: "second" });
    await expect(remove(repository.keyId, [testPassword])).rejects.toThrow(/was not removed: no password/);
    await expect(remove(repository.keyId, [testPassword, "third"])).rejects.toThrow(/was not removed/);
    expect(keys()).toHaveLength(2);
    expect(await remove(repository.keyId, [testPassword, "second"])).toBe(id);
    expect(await opens(testPassword)).toBe("WrongPassword");
    expect(await opens("second")).toBe(id);
  });

  test("does not rely on a key that opens, but not this config", async () => {
    const foreign = (await testRepository()).repository.master;
    await addKey({ storage, password: "second", master: foreign });
    await expect(remove(repository.keyId, [testPassword, "second"])).rejects.toThrow(/was not removed/);
  });

  test("removes a damaged key", async () => {
    const id = "a".repeat(64);
    objects.set(`keys/${id}`, Buffer.from("no key"));
    expect((await describeKeys(repository)).find((key) => key.id === id)?.problem).toMatch(/damaged/);
    await remove(id, [testPassword]);
    expect(keys()).toEqual([`keys/${repository.keyId}`]);
  });

  test("removes one that the store does not give out, as the message advises, and others beside it", async () => {
    const { id: second } = await addPassword({ repository, newPassword: "second" });
    const { id: bad } = await addPassword({ repository, newPassword: "third" });
    const failing = { ...repository, storage: withBadSector(storage, `keys/${bad}`, 0) };
    await expect(addPassword({ repository: failing, newPassword: "fourth" })).rejects.toMatchObject({
      reason: "ObjectUnreadable",
      message: expect.stringMatching(`EIO.*try again.*lost for good.*by another key, .*key remove ${bad}`),
    });
    expect(await remove(repository.keyId, [testPassword, "second"], failing)).toBe(second);
    expect(await remove(bad, ["second"], failing)).toBe(second);
    expect(keys()).toEqual([`keys/${second}`]);
  });

  test("never removes the last one that can be read", async () => {
    const { id: bad } = await addPassword({ repository, newPassword: "second" });
    const failing = { ...repository, storage: withBadSector(storage, `keys/${bad}`, 0) };
    for (const passwords of [[testPassword], ["second"], [testPassword, "second"]])
      await expect(remove(repository.keyId, passwords, failing)).rejects.toMatchObject({ reason: "ObjectUnreadable" });
    await expect(remove(bad, ["second"], failing)).rejects.toMatchObject({ reason: "ObjectUnreadable" });
    expect(keys()).toHaveLength(2);
  });
});

describe("rotatePassword", () => {
  test("puts the new password in the place of the old one, and leaves those of others", async () => {
    const other = await addPassword({ repository, newPassword: "somebody else's" });
    const { key, added, removed } = await rotate("new");
    expect({ added, removed }).toEqual({ added: true, removed: [repository.keyId] });
    expect(await opens("new")).toBe(key);
    expect(await opens("somebody else's")).toBe(other.id);
    expect(await opens(testPassword)).toBe("WrongPassword");
  });

  test("removes every key of the old password", async () => {
    await addKey({ storage, password: testPassword, master: repository.master });
    expect((await rotate("new")).removed).toHaveLength(2);
    expect(keys()).toHaveLength(1);
  });

  test("goes on where it was killed, without a key too many", async () => {
    const { id } = await addPassword({ repository, newPassword: "new" });
    expect(await rotate("new")).toEqual({ key: id, added: false, removed: [repository.keyId] });
    expect(keys()).toEqual([`keys/${id}`]);
  });

  test("does not take the old password for gone because its key could not be read once", async () => {
    await addPassword({ repository, newPassword: "new" });
    let reads = 0;
    const unreliable: Storage = {
      ...storage,
      get: async (key, range) =>
        key === `keys/${repository.keyId}` && reads++ === 0 ? Buffer.alloc(10) : storage.get(key, range),
    };
    const opened = await openToRotate({ storage: unreliable, password: testPassword, newPassword: "new" });
    expect(opened.keyId).not.toBe(repository.keyId);
    expect((await rotate("new", opened)).removed).toEqual([repository.keyId]);
    expect(await opens(testPassword)).toBe("WrongPassword");
  });

  test("does not take the old password for gone while one of the keys cannot be read", async () => {
    const second = await addKey({ storage, password: testPassword, master: repository.master });
    const failing = { ...repository, storage: withBadSector(storage, `keys/${second}`, 0) };
    await expect(rotate("new", failing)).rejects.toMatchObject({ reason: "ObjectUnreadable" });
    expect(keys()).toHaveLength(2);
    // Nor is any removed where an earlier attempt had added the new one.
    await addPassword({ repository, newPassword: "new" });
    await expect(rotate("new", failing)).rejects.toMatchObject({ reason: "ObjectUnreadable" });
    expect(keys()).toHaveLength(3);
  });

  test("names the old password where neither opens", async () => {
    const opening = openToRotate({ storage, password: "wrong", newPassword: "neither" });
    await expect(opening).rejects.toMatchObject({ reason: "WrongPassword" });
  });

  test("keeps the old key where the new one cannot be shown to open", async () => {
    const broken: Storage = {
      ...storage,
      put: (key, ...rest) => (key.startsWith("keys/") ? Promise.resolve() : storage.put(key, ...rest)),
    };
    await expect(rotate("new", { ...repository, storage: broken })).rejects.toMatchObject({
      reason: "RepositoryDamaged",
    });
    expect(await opens(testPassword)).toBe(repository.keyId);
  });

  test("refuses the same password, and keys that nobody tries", async () => {
    await expect(rotate(testPassword)).rejects.toThrow(/is the old one/);
    for (let key = 1; key < 21; key++) objects.set(`keys/${"f".repeat(62)}${10 + key}`, Buffer.from("no key"));
    await expect(rotate("new")).rejects.toThrow(/21 keys/);
  });
});
