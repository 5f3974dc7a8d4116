import { expect, it } from "vitest";
import { safeJson, safeLines, safeText } from "./text.ts";

const hostile = "a\x1b]0;title\x07\u009b2J\u202e\nb\ud800";

it("leaves nothing in a text that a terminal would act on", () => {
  expect(safeText(hostile)).toBe("a\\u001b]0;title\\u0007\\u009b2J\\u202e\\u000ab\ufffd");
  expect(safeText("Grüße, 世界 🏴")).toBe("Grüße, 世界 🏴");
  expect(safeLines("one\ntwo\x1b")).toBe("one\ntwo\\u001b");
});

it("writes JSON that is harmless and means the same", () => {
  const json = safeJson({ name: hostile });
  expect(json).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(JSON.parse(json)).toEqual({ name: hostile });
});
