import { describe, expect, it } from "vitest";
import type { RestorePoint } from "../api/objects.ts";
import { asPresent, isHeld } from "./points.ts";

const point = (name: string, uid: string, annotations: Record<string, string> = {}) =>
  ({ metadata: { name, namespace: "shop", uid, annotations } }) as unknown as RestorePoint;
const hold = "holdfast.dev/hold";

describe("asPresent", () => {
  it("has a hold that came meanwhile, and nothing that was deleted, made again or made by others", () => {
    const known = [point("a", "1"), point("b", "2"), point("c", "3")];
    const now = [point("a", "1", { [hold]: "audit" }), point("c", "33"), point("d", "4")];
    expect(asPresent(known, now)).toEqual([now[0]]);
  });
});

describe("isHeld", () => {
  it.each([
    [{}, false],
    [{ [hold]: "false" }, false],
    [{ [hold]: "true" }, true],
    [{ [hold]: "until the audit" }, true],
  ])("of %j is %s", (annotations, expected) => {
    expect(isHeld(point("a", "1", annotations))).toBe(expected);
  });
});
