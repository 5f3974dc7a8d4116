import { describe, expect, it } from "vitest";
import { exitCodeOf } from "./exit.ts";

describe("exitCodeOf", () => {
  it.each([
    [{ state: "Good" }, 0],
    [{ state: "Incomplete", reason: "ReadErrors" }, 3],
    [{ state: "Failed", reason: "StoreUnreachable" }, 1],
    [{ state: "Failed" }, 1],
    [{ state: "Failed", reason: "RepositoryNotFound" }, 10],
    [{ state: "Failed", reason: "RepositoryLocked" }, 11],
    [{ state: "Failed", reason: "WrongPassword" }, 12],
    [{ state: "Failed", reason: "Interrupted" }, 130],
    [{ state: "Failed", reason: "WrongPassword", targets: [1] }, 12],
    [{ state: "Failed", reason: "WrongPassword", targets: [1, 2] }, 1],
    [{ state: "Failed", reason: "Interrupted", targets: [1, 2] }, 130],
  ] as const)("%j ends with %i", (ended, code) => {
    expect(exitCodeOf(ended)).toBe(code);
  });
});
