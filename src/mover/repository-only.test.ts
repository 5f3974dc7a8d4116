import { mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import { writeState } from "../mirror/state.ts";
import { filesystemStorage } from "../storage/filesystem.ts";
import { repositoryOnly } from "./repository-only.ts";
import { createStores } from "./stores.ts";

let scratch: Scratch;
beforeAll(() => {
  scratch = makeScratch();
});
afterAll(() => {
  vi.unstubAllEnvs();
  scratch?.remove();
});

const ask = (folder: string, passwordFile?: string) => {
  vi.stubEnv("HOLDFAST_PASSWORD", undefined);
  vi.stubEnv("HOLDFAST_PASSWORD_FILE", passwordFile);
  return repositoryOnly(createStores(new AbortController().signal), `file://${folder}`);
};

describe("repositoryOnly", () => {
  it("says of a mirror that it is one, before it asks for a password", async () => {
    const folder = scratch.path("mirror");
    mkdirSync(folder);
    await writeState(filesystemStorage(folder), { phase: "Beginning" });
    await expect(ask(folder)).rejects.toMatchObject({
      reason: "RepositoryNotFound",
      message: expect.stringMatching(/is a mirror/),
    });
  });

  it("gives everything else with its password, and says where there is none", async () => {
    const folder = scratch.path("repository");
    mkdirSync(folder);
    writeFileSync(scratch.path("password"), "secret\n");
    expect(await ask(folder, scratch.path("password"))).toMatchObject({ password: "secret" });
    await expect(ask(folder)).rejects.toMatchObject({ reason: "PasswordMissing" });
  });
});
