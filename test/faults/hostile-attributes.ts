import { type Attack, refused, tree, treeOf } from "./hostile-attack.ts";
import { fileNode } from "./hostile-repository.ts";

const megabyte = 1024 * 1024;

const numbered = (count: number, numberOf = (at: number) => at) =>
  Array.from({ length: count }, (_, at) => ({ name: `user.${numberOf(at)}`, value: Buffer.from("value") }));

/** Extended attributes that no file has, or that pass for others. */
export const attributeAttacks: readonly Attack[] = [
  tree(
    "attributes that no file takes",
    () =>
      treeOf({
        ...fileNode("a", [], 0),
        extendedAttributes: [
          { name: "user.\0x", value: Buffer.alloc(100_000) },
          { name: "", value: Buffer.alloc(0) },
        ],
      }),
    { restore: "paths reported" },
  ),
  ...[
    "security.selinux\0x",
    "trusted.x\0x",
    "user.x\0y",
    "user.\ud800",
    "no.such.kind",
    `user.${"n".repeat(70_000)}`,
  ].map((name) =>
    tree(
      `an attribute named ${JSON.stringify(name.slice(0, 20))}`,
      () => treeOf({ ...fileNode("a", [], 0), extendedAttributes: [{ name, value: Buffer.from("x") }] }),
      name.includes("\ud800") || name.startsWith("trusted.") ? {} : { restore: "paths reported" },
    ),
  ),
  tree(
    "an attribute that is too long",
    () =>
      treeOf({ ...fileNode("a", [], 0), extendedAttributes: [{ name: "user.x", value: Buffer.alloc(8 * megabyte) }] }),
    { restore: "paths reported" },
  ),
  tree(
    "an access list and capabilities that are none",
    () =>
      treeOf({
        ...fileNode("a", [], 0),
        extendedAttributes: [
          { name: "system.posix_acl_access", value: Buffer.alloc(5, 255) },
          { name: "security.capability", value: Buffer.alloc(60_000, 255) },
        ],
      }),
    { restore: "paths reported" },
  ),
  tree(
    "one attribute twice",
    () => treeOf({ ...fileNode("a", [], 0), extendedAttributes: numbered(2, () => 1) }),
    refused,
  ),
  tree("five thousand attributes", () => treeOf({ ...fileNode("a", [], 0), extendedAttributes: numbered(5000) })),
  tree(
    "a hundred thousand attributes",
    () => treeOf({ ...fileNode("a", [], 0), extendedAttributes: numbered(100_000) }),
    refused,
  ),
];
