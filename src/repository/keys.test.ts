import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { memoryStorage } from "../storage/memory.ts";
import { randomMasterKey } from "./crypto.ts";
import { addKey } from "./keys.ts";

it("makes guessing a password as dear as restic does at least, each key with a salt of its own", async () => {
  const storage = memoryStorage();
  const master = randomMasterKey();
  const password = randomBytes(8).toString("hex");
  const files = [];
  for (let made = 0; made < 2; made++) {
    const id = await addKey({ storage, password, master });
    files.push(JSON.parse(String(await storage.get(`keys/${id}`))));
  }
  for (const file of files) {
    expect(file).toMatchObject({ kdf: "scrypt", N: 32768, r: 8, p: 1 });
    expect(Buffer.from(file.salt, "base64")).toHaveLength(64);
  }
  expect(files[0].salt).not.toBe(files[1].salt);
});
