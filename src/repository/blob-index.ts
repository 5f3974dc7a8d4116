import type { Owner } from "./provenance.ts";
import type { BlobLocation, BlobType, Id } from "./types.ts";

/**
 * Where every blob lies. Held in flat shared memory, about 56 bytes a blob, so that ten million fit and threads can look
 * without copying. A blob may have copies in several packs; a data blob and a tree of the same bytes are two blobs.
 */
export interface BlobIndex {
  /** Number of locations; copies count each. */
  readonly size: number;
  add(location: BlobLocation): void;
  has(id: Id, type: BlobType): boolean;
  /** Whether a pack of one of these owners has a copy. */
  hasOwned(id: Id, type: BlobType, owners: ReadonlySet<Owner>): boolean;
  /** The first copy that was added. */
  find(id: Id, type: BlobType): BlobLocation | undefined;
  findAll(id: Id, type: BlobType): BlobLocation[];
  /** The positions of all copies: numbers from 0 below `size`, to keep marks by. */
  positions(id: Id, type: BlobType): number[];
  at(position: number): BlobLocation;
  /** Every location, in the order of their adding. */
  locations(): Iterable<BlobLocation>;
  /** Copies whose plain length is not that of the first copy of their blob, in the order of their adding. */
  contradictions(): Iterable<BlobLocation>;
  /** Every pack that was named. */
  packs(): Iterable<Id>;
  hasPack(id: Id): boolean;
  /** Where the last blob of each pack ends, in bytes. */
  packEnds(): ReadonlyMap<Id, number>;
  /** Undefined where nobody knows it. */
  ownerOf(pack: Id): Owner | undefined;
}

// One entry: the id (8 words), the number of the pack, offset, sealed length, and plain length with two flags on top.
const entryWords = 12;
const treeFlag = 0x8000_0000;
const compressedFlag = 0x4000_0000;
const plainLengthMask = 0x3fff_ffff;

/** Entries are kept in segments, so that growing copies nothing and wastes little. */
const segmentEntries = 4096;
const maximumLoad = 0.75;

/** The greatest sizes that an entry holds. */
export const maximumPlainLength = plainLengthMask;
export const maximumOffset = 0xffff_ffff;

export function createBlobIndex(): BlobIndex {
  const segments: Uint32Array[] = [];
  const packIds: Id[] = [];
  const packNumbers = new Map<Id, number>();
  const packOwners: (Owner | undefined)[] = [];
  const idBytes = Buffer.alloc(32);
  const idWords = new Uint32Array(idBytes.buffer, idBytes.byteOffset, 8);
  let size = 0;
  // Numbers of entries plus one; zero is free.
  let slots = new Uint32Array(new SharedArrayBuffer(4 * 1024));

  const segmentOf = (entry: number): Uint32Array => segments[Math.floor(entry / segmentEntries)] as Uint32Array;
  const baseOf = (entry: number): number => (entry % segmentEntries) * entryWords;
  const firstSlot = (word: number): number => (word & (slots.length - 1)) >>> 0;
  const nextSlot = (slot: number): number => (slot + 1) & (slots.length - 1);

  const parseId = (id: Id): void => {
    if (idBytes.write(id, "hex") !== 32) throw new RangeError(`${id} is not the id of a blob.`);
  };

  const matches = (entry: number, flag: number): boolean => {
    const segment = segmentOf(entry);
    const base = baseOf(entry);
    for (let word = 0; word < 8; word++) {
      if (segment[base + word] !== idWords[word]) return false;
    }
    return ((segment[base + 11] as number) & treeFlag) >>> 0 === flag;
  };

  const place = (entry: number, word: number): void => {
    let slot = firstSlot(word);
    while (slots[slot] !== 0) slot = nextSlot(slot);
    slots[slot] = entry + 1;
  };

  const growSlots = (): void => {
    slots = new Uint32Array(new SharedArrayBuffer(slots.byteLength * 2));
    for (let entry = 0; entry < size; entry++) place(entry, segmentOf(entry)[baseOf(entry)] as number);
  };

  /** A pack may be named twice, and only once with its owner. */
  const packNumber = (pack: Id, owner: Owner | undefined): number => {
    const known = packNumbers.get(pack);
    const number = known ?? packIds.length;
    packOwners[number] ??= owner;
    if (known !== undefined) return known;
    packIds.push(pack);
    packNumbers.set(pack, number);
    return number;
  };

  const locationOf = (entry: number): BlobLocation => {
    const segment = segmentOf(entry);
    const base = baseOf(entry);
    const flags = segment[base + 11] as number;
    const pack = segment[base + 8] as number;
    const owner = packOwners[pack];
    return {
      id: Buffer.from(segment.buffer, segment.byteOffset + base * 4, 32).toString("hex"),
      type: (flags & treeFlag) !== 0 ? "tree" : "data",
      pack: packIds[pack] as Id,
      ...(owner !== undefined && { owner }),
      offset: segment[base + 9] as number,
      length: segment[base + 10] as number,
      plainLength: flags & plainLengthMask,
      compressed: (flags & compressedFlag) !== 0,
    };
  };

  const entriesOf = (id: Id, type: BlobType): number[] => {
    const flag = type === "tree" ? treeFlag : 0;
    const found: number[] = [];
    parseId(id);
    for (let slot = firstSlot(idWords[0] as number); slots[slot] !== 0; slot = nextSlot(slot)) {
      const entry = (slots[slot] as number) - 1;
      if (matches(entry, flag)) found.push(entry);
    }
    return found;
  };

  const hasOwned = (id: Id, type: BlobType, owners: ReadonlySet<Owner>): boolean =>
    entriesOf(id, type).some((entry) => {
      const owner = packOwners[segmentOf(entry)[baseOf(entry) + 8] as number];
      return owner !== undefined && owners.has(owner);
    });

  const firstEntry = (id: Id, type: BlobType): number => {
    parseId(id);
    return firstOfWords(type === "tree" ? treeFlag : 0);
  };

  /** Of the blob whose id is in `idWords`. */
  const firstOfWords = (flag: number): number => {
    for (let slot = firstSlot(idWords[0] as number); slots[slot] !== 0; slot = nextSlot(slot)) {
      const entry = (slots[slot] as number) - 1;
      if (matches(entry, flag)) return entry;
    }
    return -1;
  };

  return {
    get size() {
      return size;
    },
    add({ id, type, pack, owner, offset, length, plainLength, compressed }) {
      if (size % segmentEntries === 0)
        segments.push(new Uint32Array(new SharedArrayBuffer(segmentEntries * entryWords * 4)));
      if (size + 1 > slots.length * maximumLoad) growSlots();
      parseId(id);
      const segment = segmentOf(size);
      const base = baseOf(size);
      segment.set(idWords, base);
      segment[base + 8] = packNumber(pack, owner);
      segment[base + 9] = offset;
      segment[base + 10] = length;
      segment[base + 11] = plainLength + (type === "tree" ? treeFlag : 0) + (compressed ? compressedFlag : 0);
      place(size, idWords[0] as number);
      size++;
    },
    has: (id, type) => firstEntry(id, type) >= 0,
    hasOwned,
    find(id, type) {
      const entry = firstEntry(id, type);
      return entry < 0 ? undefined : locationOf(entry);
    },
    findAll: (id, type) => entriesOf(id, type).map(locationOf),
    positions: entriesOf,
    at: locationOf,
    *locations() {
      for (let entry = 0; entry < size; entry++) yield locationOf(entry);
    },
    *contradictions() {
      for (let entry = 0; entry < size; entry++) {
        const [segment, base] = [segmentOf(entry), baseOf(entry)];
        idWords.set(segment.subarray(base, base + 8));
        const flags = segment[base + 11] as number;
        const first = firstOfWords((flags & treeFlag) >>> 0);
        const firstFlags = segmentOf(first)[baseOf(first) + 11] as number;
        if ((firstFlags & plainLengthMask) !== (flags & plainLengthMask)) yield locationOf(entry);
      }
    },
    packs: () => packIds.values(),
    hasPack: (id) => packNumbers.has(id),
    packEnds() {
      const ends = new Float64Array(packIds.length);
      for (let entry = 0; entry < size; entry++) {
        const [segment, base] = [segmentOf(entry), baseOf(entry)];
        const pack = segment[base + 8] as number;
        const end = (segment[base + 9] as number) + (segment[base + 10] as number);
        if (end > (ends[pack] as number)) ends[pack] = end;
      }
      return new Map(packIds.map((id, pack) => [id, ends[pack] as number]));
    },
    ownerOf: (pack) => packOwners[packNumbers.get(pack) ?? -1],
  };
}
