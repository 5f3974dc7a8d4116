import { idOf } from "../../src/repository/crypto.ts";
import type { Random } from "./hostile-random.ts";
import type { Objects } from "./hostile-repository.ts";

/** What damage or an attacker without the key does to stored objects. Each changes `objects` and says how. */
type ByteMutation = (objects: Objects, key: string, random: Random) => void;

const change = (objects: Objects, key: string, edit: (bytes: Buffer) => Buffer): void => {
  objects.set(key, edit(Buffer.from(objects.get(key) ?? Buffer.alloc(0))));
};

const flipBits = (bytes: Buffer, random: Random): Buffer => {
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  }
  return bytes;
};

const junk = (random: Random, length: number): Buffer => Buffer.from(Array.from({ length }, () => random.below(256)));

export const byteMutations: Readonly<Record<string, ByteMutation>> = {
  "bits flipped": (objects, key, random) => change(objects, key, (bytes) => flipBits(bytes, random)),
  truncated: (objects, key, random) => change(objects, key, (bytes) => bytes.subarray(0, random.below(bytes.length))),
  emptied: (objects, key) => change(objects, key, () => Buffer.alloc(0)),
  extended: (objects, key, random) =>
    change(objects, key, (bytes) => Buffer.concat([bytes, junk(random, 1 + random.below(100))])),
  "beginning cut": (objects, key, random) => change(objects, key, (bytes) => bytes.subarray(1 + random.below(40))),
  "zeros in a part": (objects, key, random) =>
    change(objects, key, (bytes) => {
      const start = random.below(bytes.length);
      return bytes.fill(0, start, Math.min(bytes.length, start + 1 + random.below(64)));
    }),
  "all zeros": (objects, key) => change(objects, key, (bytes) => bytes.fill(0)),
  "junk instead": (objects, key, random) => change(objects, key, (bytes) => junk(random, bytes.length)),
  "swapped with another": (objects, key, random) => {
    const other = random.pick([...objects.keys()]);
    const [mine, theirs] = [objects.get(key), objects.get(other)];
    if (mine && theirs) objects.set(key, theirs).set(other, mine);
  },
  "content of another": (objects, key, random) => {
    objects.set(key, objects.get(random.pick([...objects.keys()])) ?? Buffer.alloc(0));
  },
  "copied to another name": (objects, key, random) => {
    const name = junk(random, 32).toString("hex");
    const folder = random.pick(["keys/", "locks/", "snapshots/", "index/", `data/${name.slice(0, 2)}/`]);
    objects.set(folder + name, objects.get(key) ?? Buffer.alloc(0));
  },
  "doubled content": (objects, key) => change(objects, key, (bytes) => Buffer.concat([bytes, bytes])),
  lost: (objects, key) => {
    objects.delete(key);
  },
  "length field oversized": (objects, key, random) =>
    change(objects, key, (bytes) => {
      const value = random.pick([0xffff_ffff, 0x7fff_ffff, bytes.length, bytes.length - 4, bytes.length + 1, 0]);
      bytes.writeUInt32LE(value >>> 0, Math.max(0, bytes.length - 4));
      return bytes;
    }),
  "bits flipped, named anew by its hash": (objects, key, random) => {
    const bytes = flipBits(Buffer.from(objects.get(key) ?? Buffer.alloc(1)), random);
    if (key === "config") objects.set(key, bytes);
    else rename(objects, key, bytes);
  },
};

/** Puts `bytes` in the place of `key`, under the name that fits them. Returns the new name. */
export function rename(objects: Objects, key: string, bytes: Buffer): string {
  const name = idOf(bytes);
  objects.delete(key);
  const folder = key.startsWith("data/") ? `data/${name.slice(0, 2)}` : key.split("/")[0];
  objects.set(`${folder}/${name}`, bytes);
  return name;
}
