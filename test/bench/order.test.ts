import { expect, it } from "vitest";
import { turns } from "./order.ts";

it.each([
  [["a", "b", "c"], 0, 0, ["a", "b", "c"]],
  [["a", "b", "c"], 1, 0, ["b", "c", "a"]],
  [["a", "b", "c"], 1, 1, ["c", "a", "b"]],
  [["a", "b", "c"], 2, 1, ["a", "b", "c"]],
  [["a"], 5, 3, ["a"]],
  [[], 1, 1, []],
])("Of %j in repetition %d and step %d the turns are %j", (contestants, repetition, step, expected) => {
  expect(turns(contestants, repetition, step)).toEqual(expected);
});
