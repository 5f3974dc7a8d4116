import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeScratch, type Scratch } from "../../test/support/scratch.ts";
import { credentialsFrom } from "./s3-credentials.ts";

let scratch: Scratch;
beforeEach(() => {
  scratch = makeScratch();
  put("AWS_ACCESS_KEY_ID", "id\n");
  put("AWS_SECRET_ACCESS_KEY", "secret");
});
afterEach(() => {
  vi.useRealTimers();
  scratch.remove();
});

const put = (name: string, text: string): void => writeFileSync(scratch.path(name), text);
const read = () => credentialsFrom(scratch.path(""))();

it("reads keys from a mounted Secret, without the line break behind them", async () => {
  expect(await read()).toEqual({ accessKeyId: "id", secretAccessKey: "secret" });
});

it("reads a session token, and has it read again, as it runs out and is renewed in place", async () => {
  vi.useFakeTimers({ now: new Date("2026-11-23T12:00:00Z"), toFake: ["Date"] });
  put("AWS_SESSION_TOKEN", "token");
  const provide = credentialsFrom(scratch.path(""));
  expect(await provide()).toEqual({
    accessKeyId: "id",
    secretAccessKey: "secret",
    sessionToken: "token",
    expiration: new Date("2026-11-23T12:05:00Z"),
  });
  put("AWS_SESSION_TOKEN", "renewed");
  expect(await provide()).toMatchObject({ sessionToken: "renewed" });
});

it.each(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])("names %s where it is empty", async (name) => {
  put(name, "");
  await expect(read()).rejects.toMatchObject({
    kind: "CredentialsMissing",
    message: expect.stringContaining(`There is no ${name} in `),
  });
});
