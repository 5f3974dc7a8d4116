import { Cron } from "croner";
import { describe, expect, test } from "vitest";
import { cron } from "./cron.ts";

describe("cron", () => {
  test.each([
    "0 1 * * 0",
    "0 1 * * 1-6",
    "*/15 * * * *",
    "05 00 01 01 *",
    "0,15,30,45 8-18 * * 1-5",
    "0-30/10 22-23,0-2 1,15 1-12/3 0,6",
    "59 23 31 12 6",
    "0 0 */2 * */2",
    "10-10 0 * * *",
    "*/1 * 1 * 1-5/1",
  ])("takes %s, and so does croner", (text) => {
    expect(cron.safeParse(text).error?.message).toBeUndefined();
    expect(() => new Cron(text, { mode: "5-part" })).not.toThrow();
  });

  test.each([
    ["", "empty"],
    ["0 1 * *", "four fields"],
    ["0 0 1 * * *", "six fields"],
    ["0  1 * * *", "two spaces"],
    [" 0 1 * * *", "a space in front"],
    ["@daily", "a nickname"],
    ["60 * * * *", "minute 60"],
    ["* 24 * * *", "hour 24"],
    ["* * 0 * *", "day 0"],
    ["* * 32 * *", "day 32"],
    ["* * * 0 *", "month 0"],
    ["* * * 13 *", "month 13"],
    ["* * * * 7", "Sunday as 7, which Kubernetes refuses"],
    ["* * * JAN *", "a month's name"],
    ["* * * * MON-FRI", "days' names"],
    ["* * L * *", "the last day"],
    ["* * 15W * *", "the nearest weekday"],
    ["* * * * 1#2", "the second Monday"],
    ["* * ? * *", "a question mark"],
    ["* * 1 * +1", "croner's AND"],
    ["*/0 * * * *", "a step of 0"],
    ["*/60 * * * *", "a step past the field"],
    ["5/10 * * * *", "a step on a number, which croner refuses"],
    ["*,5 * * * *", "a star in a list"],
    ["1,,2 * * * *", "an empty place in a list"],
    ["1- * * * *", "half a range"],
    ["-1 * * * *", "a negative number"],
    ["005 * * * *", "three digits"],
    ["0 1 * * *\n", "a line end"],
  ])("refuses %j: %s", (text) => {
    expect(cron.safeParse(text).error?.issues[0]?.message).toContain("write the five fields");
  });

  test.each(["30-10 * * * *", "0 22-2 * * *", "0 0 1,20-10 * *", "0 0 * 6-1/2 *", "0 0 * * 6-0"])(
    "refuses %s, whose range goes backwards",
    (text) => {
      expect(cron.safeParse(text).error?.issues[0]?.message).toContain("the second number of a range");
    },
  );

  test("gives the API server the same patterns", () => {
    const rules = cron.meta()?.["x-kubernetes-validations"] as { rule: string }[];
    const source = /^self\.matches\(r"(.*)"\)$/.exec(rules[0]?.rule ?? "")?.[1] ?? "";
    expect(new RegExp(source).test("0 1 * * 1-6")).toBe(true);
    expect(new RegExp(source).test("0 1 * * 7")).toBe(false);
  });
});
