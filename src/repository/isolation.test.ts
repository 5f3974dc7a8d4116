import { describe, expect, test } from "vitest";
import { type Copy, chooseCopy } from "./isolation.ts";

const copy = (owner: string | undefined, isPresent = true): Copy => ({ owner, isPresent });
const mine = new Set(["full", "mine"]);

describe("chooseCopy", () => {
  test.each<[string, readonly Copy[], ReadonlySet<string> | undefined, number]>([
    ["none of none", [], mine, -1],
    ["the Full's before its own", [copy("mine"), copy("full")], mine, 1],
    ["its own before nothing", [copy("other"), copy("mine")], mine, 1],
    ["nobody else's for a Differential", [copy("other"), copy(undefined)], mine, -1],
    ["not one that is gone", [copy("full", false), copy("mine")], mine, 1],
    ["none where all it may have are gone", [copy("full", false), copy("other")], mine, -1],
    ["the Full's for everybody, too", [copy(undefined), copy("other"), copy("full")], undefined, 2],
    ["one whose owner is known", [copy(undefined), copy("other")], undefined, 1],
    ["any at last", [copy("other", false), copy(undefined)], undefined, 1],
  ])("takes %s", (_, copies, scope, chosen) => {
    expect(chooseCopy(copies, scope)).toBe(chosen);
  });
});
