import { expect, it } from "vitest";
import { pods } from "./resources.ts";
import { watchEvent } from "./watch-event.ts";

const metadata = { name: "a", namespace: "b", resourceVersion: "7" };
const read = (event: unknown) => watchEvent(pods, JSON.stringify(event));

it.each(["ADDED", "MODIFIED", "DELETED"])(
  "gives the object of %s its kind, which built-in ones come without",
  (type) => {
    expect(read({ type, object: { metadata } })).toEqual({ type, object: { apiVersion: "v1", kind: "Pod", metadata } });
  },
);

it("keeps of a bookmark how far it has come", () => {
  expect(read({ type: "BOOKMARK", object: { metadata } })).toEqual({ type: "BOOKMARK", resourceVersion: "7" });
});

it("throws an error, also one that says nothing", () => {
  const object = { kind: "Status", code: 410, reason: "Expired", message: "too old" };
  expect(() => read({ type: "ERROR", object })).toThrow(expect.objectContaining({ status: 410, reason: "Expired" }));
  expect(() => read({ type: "ERROR", object: {} })).toThrow(/the watch on pods broke off/);
});
