import { expect, it } from "vitest";
import type { RestorePoint } from "../../api/objects.ts";
import { outcomeOf } from "./volume-outcome.ts";

const point = (phase: string, copies: object[], message?: string) =>
  ({ metadata: { name: "p1" }, spec: { type: "Full" }, status: { phase, copies, message } }) as unknown as RestorePoint;

it("names the point and its targets where all went well", () => {
  const copies = [
    { target: "onprem", state: "Good" },
    { target: "offsite", state: "Good" },
  ];
  expect(outcomeOf("data", point("Succeeded", copies))).toEqual({
    pvc: "data",
    outcome: "Succeeded",
    reason: "Succeeded",
    message: "Full p1 on onprem, offsite",
  });
});

it("gives the reason of the first copy that is not good", () => {
  const copies = [
    { target: "onprem", state: "Good" },
    { target: "offsite", state: "Failed", reason: "StoreFull" },
  ];
  expect(outcomeOf("data", point("Degraded", copies, "offsite: no space"))).toMatchObject({
    outcome: "Degraded",
    reason: "StoreFull",
    message: "offsite: no space",
  });
  expect(outcomeOf("data", point("Failed", copies.slice(1), "x"))).toMatchObject({ outcome: "Failed" });
});
