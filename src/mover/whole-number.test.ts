import { describe, expect, it } from "vitest";
import { lockOf } from "./settings.ts";
import { wholeNumber } from "./whole-number.ts";

const wrong = ["", " ", "\n", "1e3", "0x10", "-1", "+1", "1.5", " 7", "7 ", "soon", "Infinity", "1234567890", "٣"];

describe("wholeNumber", () => {
  it.each([
    ["0", 0],
    ["7", 7],
    ["007", 7],
    ["999999999", 999_999_999],
  ])("takes «%s»", (value, number) => {
    expect(wholeNumber("--keep-last", value, { example: 7 })).toBe(number);
  });

  it.each(wrong)("refuses «%s», and says what was given and what to write", (value) => {
    const refused = () => wholeNumber("--keep-last", value, { example: 7 });
    expect(refused).toThrow(`--keep-last takes a number in digits, such as 7; not «${value}».`);
  });

  it("asks after the variable where nothing was given", () => {
    expect(() => wholeNumber("--keep-last", "", { example: 7 })).toThrow(/Is a variable not set\?$/);
    expect(() => wholeNumber("--keep-last", "x", { example: 7 })).not.toThrow(/variable/);
  });
});

describe("--wait-for-lock", () => {
  it("is in seconds, and 0 where it is absent", () => {
    expect(lockOf({}).waitSeconds).toBe(0);
    expect(lockOf({ waitForLock: "300" }).waitSeconds).toBe(300);
  });

  it.each(wrong)("refuses «%s»", (waitForLock) => {
    expect(() => lockOf({ waitForLock })).toThrow(/--wait-for-lock takes a number of seconds in digits/);
  });
});
