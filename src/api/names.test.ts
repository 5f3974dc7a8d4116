import { describe, expect, test } from "vitest";
import { cronJobName, fitName, labelValue } from "./names.ts";

describe("fitName", () => {
  test("leaves a name that fits as it is", () => {
    expect(fitName("a".repeat(63), 63)).toBe("a".repeat(63));
  });

  test("cuts one that does not, and keeps two that begin alike apart", () => {
    const first = fitName(`${"a".repeat(60)}-first`, 63);
    const second = fitName(`${"a".repeat(60)}-second`, 63);
    expect(first).toHaveLength(63);
    expect(second).toHaveLength(63);
    expect(first).not.toBe(second);
  });

  test("gives the same name for the same text", () => {
    expect(fitName("x".repeat(100), 52)).toBe(fitName("x".repeat(100), 52));
  });

  test("never puts two separators before the hash", () => {
    expect(fitName(`${"a".repeat(40)}.-.${"b".repeat(40)}`, 52)).toMatch(/^a{40}-[0-9a-f]{10}$/);
  });
});

test("a label's value has at most 63 characters, a CronJob's name at most 52", () => {
  expect(labelValue("p".repeat(253))).toHaveLength(63);
  expect(cronJobName("p".repeat(253), "nightly")).toHaveLength(52);
  expect(cronJobName("shop", "nightly")).toBe("shop-nightly");
});
