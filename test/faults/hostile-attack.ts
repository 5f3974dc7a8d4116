import { encodeTree } from "../../src/repository/tree-format.ts";
import type { TreeNode } from "../../src/repository/types.ts";
import { contentsSaidBy } from "./hostile-kinds.ts";
import type { Objects, Victim } from "./hostile-repository.ts";
import { addTrees } from "./hostile-sealed.ts";

/** Attacks that were thought of, by somebody who has the key. */
export interface Attack {
  readonly name: string;
  /** Returns what may be restored beside what was there. */
  make(victim: Victim, objects: Objects): ReadonlySet<string> | undefined;
  /** What a step must say of it. */
  readonly verdicts?: Readonly<Record<string, string>>;
}

export const treeOf = (...nodes: readonly TreeNode[]): Buffer => encodeTree(nodes);

/** A tree becomes the newest snapshot. */
export const tree = (name: string, make: (victim: Victim) => Buffer, verdicts: Attack["verdicts"] = {}): Attack => ({
  name,
  verdicts,
  make(victim, objects) {
    const root = make(victim);
    addTrees(victim, objects, root);
    return contentsSaidBy(victim, [root]);
  },
});

export const refused = { restore: "paths reported", check: "problems" };
