import { expect, it } from "vitest";
import { aclText } from "./acl-text.ts";

const acl = (...entries: readonly (readonly [tag: number, permissions: number, id: number])[]): Buffer => {
  const value = Buffer.alloc(4 + entries.length * 8);
  value.writeUInt32LE(2);
  entries.forEach(([tag, permissions, id], at) => {
    value.writeUInt16LE(tag, 4 + at * 8);
    value.writeUInt16LE(permissions, 6 + at * 8);
    value.writeUInt32LE(id, 8 + at * 8);
  });
  return value;
};
const none = 0xffff_ffff;

it("names owners by number, however large", () => {
  const value = acl([1, 6, none], [2, 4, 3_000_000_000], [4, 5, none], [8, 7, 12], [16, 1, none], [32, 0, none]);
  expect(aclText(value)).toBe("user::rw-,user:3000000000:r--,group::r-x,group:12:rwx,mask::--x,other::---");
});

it.each([
  ["nothing", Buffer.alloc(0)],
  ["a header alone", acl()],
  ["another version", Buffer.concat([Buffer.of(3, 0, 0, 0), acl([1, 6, none]).subarray(4)])],
  ["half an entry", acl([1, 6, none]).subarray(0, 9)],
  ["an unknown tag", acl([3, 6, none])],
  ["impossible permissions", acl([1, 8, none])],
])("does not make text of %s", (_, value) => {
  expect(aclText(value)).toBeUndefined();
});
