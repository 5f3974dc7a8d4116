import { expect, it } from "vitest";
import { changedSubjects } from "./access.ts";

const runner = (namespace: string) => ({ kind: "ServiceAccount", name: "holdfast-runner", namespace });
const somebody = { kind: "User", name: "holdfast-runner", apiGroup: "rbac.authorization.k8s.io" };

it.each([
  ["adds a namespace", [somebody, runner("a")], { add: ["b"], remove: [] }, [somebody, runner("a"), runner("b")]],
  [
    "removes a namespace, and nobody else",
    [somebody, runner("a"), runner("b")],
    { add: [], remove: ["a"] },
    [somebody, runner("b")],
  ],
  ["changes nothing where it is so already", [runner("a")], { add: ["a"], remove: ["c"] }, undefined],
])("%s", (_, present, change, expected) => {
  expect(changedSubjects(present, change)).toEqual(expected);
});
