import { idOf } from "../../src/repository/crypto.ts";
import { byteMutations } from "./hostile-bytes.ts";
import { mutateJson } from "./hostile-json.ts";
import type { Random } from "./hostile-random.ts";
import { cheapKey, type Objects, type Victim } from "./hostile-repository.ts";
import { addTrees, editHeader, readSealed, replaceDocument } from "./hostile-sealed.ts";
import type { Allowed } from "./hostile-trial.ts";

/** One way to make mutants: of a copy of the victim, by chance. */
export interface Kind {
  readonly name: string;
  readonly mutants: number;
  /** Changes `objects`, says what was done, and what may be restored beside what was there. */
  make(objects: Objects, random: Random): { readonly what: string; readonly contents?: ReadonlySet<string> };
}

const fileKinds = ["config", "keys/", "locks/", "snapshots/", "index/", "data/"] as const;

/** Damage to every kind of file, without the key. */
export const damageKinds = (mutantsEach: number): Kind[] =>
  fileKinds.map((prefix) => ({
    name: `${prefix} damaged`,
    mutants: prefix === "data/" ? 3 * mutantsEach : mutantsEach,
    make(objects, random) {
      const key = random.pick([...objects.keys()].filter((name) => name.startsWith(prefix)));
      const how = random.pick(Object.keys(byteMutations));
      byteMutations[how]?.(objects, key, random);
      return { what: `${key}: ${how}` };
    },
  }));

/** Files that are sealed and named well, with content that cannot be. */
export function sealedKinds(victim: Victim, mutantsEach: number): Kind[] {
  const documents = ["config", "snapshots/", "index/", "locks/"].map(
    (prefix): Kind => ({
      name: `${prefix} rewritten with the key`,
      mutants: prefix === "index/" ? 2 * mutantsEach : mutantsEach,
      make(objects, random) {
        const key = random.pick([...objects.keys()].filter((name) => name.startsWith(prefix)));
        const text = mutateText(readSealed(victim.master, objects.get(key) as Buffer), random);
        replaceDocument(victim, objects, key, text);
        return { what: `${prefix}: ${text}` };
      },
    }),
  );
  return [
    ...documents,
    keyKind(victim, mutantsEach),
    treeKind(victim, 3 * mutantsEach),
    headerKind(victim, mutantsEach),
  ];
}

/** Mostly other values; sometimes text that is no JSON, or no UTF-8. */
function mutateText(text: string, random: Random): string | Buffer {
  const how = random.below(12);
  if (how === 0) return text.slice(0, random.below(text.length));
  if (how === 1)
    return Buffer.concat([Buffer.from(text.slice(0, 20)), Buffer.of(0xff, 0xc0, 0), Buffer.from(text.slice(20))]);
  if (how === 2) return random.pick(["", "null", "[]", "{}", "1", '"', "[".repeat(100_000), `{"packs":[null]}`]);
  return mutateJson(text, random);
}

const keyKind = (victim: Victim, mutants: number): Kind => ({
  name: "keys/ rewritten",
  mutants,
  make(objects, random) {
    const key = [...objects.keys()].find((name) => name.startsWith("keys/")) as string;
    const text = mutateText(objects.get(key)?.toString() ?? "", random);
    const absurd = {
      N: random.pick([0, 1, 3, 2 ** 20, 2 ** 31, 2 ** 52, -2]),
      r: random.pick([0, 1, 8, 2 ** 30]),
      p: random.pick([1, 65, 2 ** 30]),
    };
    const isAbsurd = random.below(3) === 0;
    const bytes = isAbsurd ? cheapKey(victim.master, absurd) : Buffer.from(text);
    // Work that is allowed is honestly done; a gigabyte of it ten thousand times would only show patience.
    if (isAbsurd && absurd.N === 2 ** 20 && absurd.r === 1) return { what: "none" };
    if (random.below(2) === 0) objects.delete(key);
    objects.set(`keys/${idOf(bytes)}`, bytes);
    return { what: `key: ${isAbsurd ? JSON.stringify(absurd) : text}` };
  },
});

const treeKind = (victim: Victim, mutants: number): Kind => ({
  name: "trees rewritten with the key",
  mutants,
  make(objects, random) {
    const isInner = random.below(2) === 0;
    const text = mutateText((isInner ? victim.inner : victim.root).toString(), random);
    const tree = Buffer.from(text);
    const root = isInner ? Buffer.from(victim.root.toString().replaceAll(idOf(victim.inner), idOf(tree))) : tree;
    addTrees(victim, objects, root, isInner ? [tree] : []);
    return { what: `tree: ${text}`, contents: contentsSaidBy(victim, [victim.inner, root, tree]) };
  },
});

const headerKind = (victim: Victim, mutants: number): Kind => ({
  name: "pack headers rewritten with the key",
  mutants,
  make(objects, random) {
    const key = random.pick([...objects.keys()].filter((name) => name.startsWith("data/")));
    const how = random.below(5);
    editHeader(victim, objects, key, (header) => {
      if (how === 0) return header.subarray(0, random.below(header.length));
      if (how === 1) return Buffer.concat([header, header]);
      if (how === 2) return Buffer.alloc(0);
      const at = random.below(header.length);
      if (how === 3) header[at] = random.below(256);
      else header.fill(0xff, at, Math.min(header.length, at + 4));
      return header;
    });
    return { what: `header of ${key}: ${how}` };
  },
});

/** SHA-256 of the files that trees describe without contradiction: as long as they say, of blobs that there are. */
export function contentsSaidBy({ blobs, expected }: Victim, trees: readonly Buffer[]): Set<string> {
  const contents = new Set([...expected.values()].flatMap((files) => Object.values(files)));
  for (const tree of trees) {
    for (const node of nodesIn(tree)) {
      const { content, size = 0 } = (node ?? {}) as { content?: unknown; size?: unknown };
      const ids = Array.isArray(content) ? content : content == null ? [] : undefined;
      if (!ids?.every((id) => blobs.has(id))) continue;
      const whole = Buffer.concat(ids.map((id) => blobs.get(id) as Buffer));
      if (whole.length === size) contents.add(idOf(whole));
    }
  }
  return contents;
}

function nodesIn(tree: Buffer): readonly unknown[] {
  try {
    const document = JSON.parse(tree.toString());
    return Array.isArray(document?.nodes) ? document.nodes : [];
  } catch {
    return [];
  }
}

export const allowedBy = (victim: Victim, contents: ReadonlySet<string> = contentsSaidBy(victim, [])): Allowed => ({
  snapshots: victim.expected,
  contents,
});
