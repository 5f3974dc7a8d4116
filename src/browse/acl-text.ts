/**
 * A POSIX ACL as text, from the value of the extended attribute that Linux keeps it in: a version (2, four bytes) and entries
 * of a tag, permissions (two bytes each) and a number (four bytes), all little-endian (`linux/posix_acl_xattr.h`).
 */

export const accessAcl = "system.posix_acl_access";
export const defaultAcl = "system.posix_acl_default";

const headerBytes = 4;
const entryBytes = 8;
const tags: ReadonlyMap<number, { readonly name: string; readonly numbered: boolean }> = new Map([
  [0x01, { name: "user", numbered: false }],
  [0x02, { name: "user", numbered: true }],
  [0x04, { name: "group", numbered: false }],
  [0x08, { name: "group", numbered: true }],
  [0x10, { name: "mask", numbered: false }],
  [0x20, { name: "other", numbered: false }],
]);

/** `user::rw-,user:1000:r--,group::r--,mask::r--,other::---`, owners by number; undefined where it is no such value. */
export function aclText(value: Buffer): string | undefined {
  const isWhole = value.length > headerBytes && (value.length - headerBytes) % entryBytes === 0;
  if (!isWhole || value.readUInt32LE(0) !== 2) return undefined;
  const entries: string[] = [];
  for (let at = headerBytes; at < value.length; at += entryBytes) {
    const tag = tags.get(value.readUInt16LE(at));
    const permissions = value.readUInt16LE(at + 2);
    if (!tag || permissions > 7) return undefined;
    const letters = [..."rwx"].map((letter, bit) => ((permissions & (4 >> bit)) === 0 ? "-" : letter)).join("");
    entries.push(`${tag.name}:${tag.numbered ? value.readUInt32LE(at + 4) : ""}:${letters}`);
  }
  return entries.join(",");
}
