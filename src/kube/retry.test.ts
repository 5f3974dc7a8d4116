import { describe, expect, it } from "vitest";
import { KubeError } from "./errors.ts";
import { defaultRetry, retry, retryDelayMs } from "./retry.ts";

const failure = (status: number, retryAfterSeconds?: number) => ({
  error: new KubeError({ status, reason: "Test", message: `status ${status}` }),
  retryAfterSeconds,
});
const fast = { attempts: 3, firstDelayMs: 1, longestDelayMs: 2 };

describe("retry", () => {
  it.each([0, 429, 500, 503])("tries again after status %i", async (status) => {
    let calls = 0;
    const value = await retry(async () => (++calls < 3 ? failure(status) : { value: "done" }), fast);
    expect([value, calls]).toEqual(["done", 3]);
  });

  it.each([400, 401, 403, 404, 409, 410, 422])("gives up at once after status %i", async (status) => {
    let calls = 0;
    const run = retry(async () => {
      calls++;
      return failure(status);
    }, fast);
    await expect(run).rejects.toMatchObject({ status });
    expect(calls).toBe(1);
  });

  it("gives up after the given number of attempts, with the last error", async () => {
    let calls = 0;
    const run = retry(async () => failure(500 + ++calls), fast);
    await expect(run).rejects.toMatchObject({ status: 503 });
  });
});

describe("retryDelayMs", () => {
  const delay = (attempt: number, asked?: number, random = 0) =>
    retryDelayMs(defaultRetry, attempt, failure(503, asked), () => random);

  it("doubles, follows the server where it asks for more, and stays bounded", () => {
    expect([delay(1), delay(2), delay(3)]).toEqual([200, 400, 800]);
    expect(delay(1, 3)).toBe(3000);
    expect(delay(1, 600)).toBe(10_000);
    expect(delay(20)).toBe(10_000);
    expect(delay(1, undefined, 1)).toBe(250);
  });
});
