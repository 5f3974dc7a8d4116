import { fchmodSync, fchownSync, lchownSync } from "node:fs";
import { posixPermissions } from "../repository/mode.ts";
import type { TreeNode } from "../repository/types.ts";
import { isKeptAttribute, setAttribute } from "../system/attributes.ts";
import { causeOf } from "../system/cause.ts";
import type { Outcome } from "./outcome.ts";
import { setPermissions, setTimes } from "./system.ts";

/** The one whose metadata are set. */
export interface Subject {
  readonly node: TreeNode;
  readonly path: Buffer;
  /** Of an opened regular file: cheaper than the path. */
  readonly descriptor?: number | undefined;
  readonly display: () => string;
}

const setIdBits = 0o6000;
/** To `chown` this number means «leave it»: it would say nothing and do nothing. */
const unchanged = 0xffff_ffff;

/**
 * Owner, extended attributes, permissions, times; in this order, because changing the owner clears set-user-ID and file
 * capabilities, and a file that its owner may not write takes no attributes. What could not be set is a failure of its
 * path, except owners without root: then it is noticed once, and nothing becomes set-user-ID for the wrong user.
 */
export function applyMetadata(subject: Subject, outcome: Outcome): void {
  const { node, path, display } = subject;
  const attempt = (what: string, action: () => void) => {
    try {
      action();
      return true;
    } catch (error) {
      const message = `Could not set ${what} of ${display()}: ${causeOf(error)}`;
      outcome.fail(display(), "WriteErrors", message);
      return false;
    }
  };
  const owned = applyOwner(subject, outcome, attempt);
  for (const { name, value } of restorableAttributes(node)) {
    attempt(`attribute ${name}`, () => setAttribute(path, name, value));
  }
  if (node.type !== "symlink") {
    attempt("permissions", () => applyPermissions(subject, owned, outcome));
  }
  attempt("times", () => setTimes(path, node.atime, node.mtime, subject.descriptor));
}

/** Another program's snapshot may hold some that we neither back up nor set. */
export const restorableAttributes = (node: TreeNode) =>
  (node.extendedAttributes ?? []).filter(({ name }) => isKeptAttribute(name));

/** False where the owner is not as it was, for want of root. */
function applyOwner(
  { node, path, descriptor }: Subject,
  outcome: Outcome,
  attempt: (what: string, action: () => void) => boolean,
): boolean {
  const change = () => {
    if (node.uid === unchanged || node.gid === unchanged) throw new Error(`${unchanged} is nobody's number`);
    if (descriptor === undefined) lchownSync(path, node.uid, node.gid);
    else fchownSync(descriptor, node.uid, node.gid);
  };
  if (process.geteuid?.() === 0) return attempt("owner", change);
  try {
    change();
    return true;
  } catch {
    outcome.notice(
      "Owners were not restored, because that needs root: everything belongs to the user who restored it.",
    );
    return false;
  }
}

function applyPermissions({ node, path, descriptor }: Subject, owned: boolean, outcome: Outcome): void {
  const all = posixPermissions(node.mode);
  const permissions = owned ? all : all & ~setIdBits;
  if (permissions !== all) {
    outcome.notice(
      "Set-user-ID and set-group-ID were left out of modes where the owner is not as it was, and are not compared there.",
    );
  }
  if (descriptor === undefined) setPermissions(path, permissions);
  else fchmodSync(descriptor, permissions);
}
