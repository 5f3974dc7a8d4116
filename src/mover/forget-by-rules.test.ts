import { describe, expect, it } from "vitest";
import { testPassword, testRepository, testSnapshot } from "../repository/testing.ts";
import { StorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import type { ForgetFlags } from "./forget.ts";
import { forgetByRules } from "./forget-by-rules.ts";
import { createStores } from "./stores.ts";

const { signal } = new AbortController();
const output = { progress() {}, status() {}, end() {}, notice() {}, result() {} };

const refused = (flags: Partial<ForgetFlags>): Promise<unknown> => {
  const all = { repository: "file:///nowhere", ...flags } as ForgetFlags;
  return forgetByRules(all, { signal, stores: createStores(signal), started: 0 }, output);
};

describe("forgetByRules", () => {
  it.each(["", " ", "1e3", "0x10", "-1", "1.5"])(
    "takes «%s» for no rule that may be left out, beside another one",
    async (keepLast) => {
      const said = `--keep-last takes a number in digits, such as 7; not «${keepLast}».`;
      await expect(refused({ keepLast, keepDaily: "7" })).rejects.toThrow(said);
    },
  );

  it("names the flag as it is written", async () => {
    await expect(refused({ keepMonthly: "some" })).rejects.toThrow("--keep-monthly takes a number");
  });

  it("says in its failure that its lock stays, where it could not be taken back", async () => {
    const { storage, repository } = await testRepository();
    await testSnapshot(repository, { a: Buffer.from("a") });
    await testSnapshot(repository, { b: Buffer.from("b") }, "2026-02-01T00:00:00Z");
    const stuck: Storage = { ...storage, delete: () => Promise.reject(new StorageError("Unreachable", "No answer.")) };
    const stores = { ...createStores(signal), openStorage: async () => stuck, password: () => testPassword };
    const open = async () => ({ storage: stuck, password: testPassword });
    const told: string[] = [];
    const failing = forgetByRules(
      { repository: "file:///nowhere", keepLast: "1" } as ForgetFlags,
      { signal, stores: { ...stores, open }, started: 0 },
      { ...output, notice: (text) => told.push(text) },
    );
    const left = /No answer\. Our lock locks\/[0-9a-f]{64} on .* could not be removed: .*half an hour old\.$/;
    await expect(failing).rejects.toMatchObject({ reason: "StoreUnreachable", message: expect.stringMatching(left) });
    expect(told).toHaveLength(1);
  });
});
