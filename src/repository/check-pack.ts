import { isStorageError } from "../storage/errors.ts";
import type { ByteRange } from "../storage/storage.ts";
import { isDamage, isDamageOrUnreadable } from "./blobs.ts";
import { allEnded } from "./concurrency.ts";
import { idInPieces } from "./crypto.ts";
import type { Findings } from "./findings.ts";
import { frameProblems } from "./inspect-pack.ts";
import type { InspectionPool } from "./inspection-pool.ts";
import { packKey } from "./pack-cache.ts";
import { headerBytes, isGoodBlob } from "./pack-format.ts";
import { partsOf } from "./pieces.ts";
import type { BlobLocation, Id, Repository } from "./types.ts";

/** So much of a pack is in memory at a time, where it costs no time: several packs are under way. */
const partBytes = 4 * 1024 * 1024;

export interface PackToCheck {
  readonly pack: Id;
  /** In the store, in bytes. */
  readonly size: number;
  /** What the index says that it holds. */
  readonly indexed: readonly BlobLocation[];
}

export interface PackCheckOptions {
  readonly repository: Repository;
  readonly inspections: InspectionPool;
  readonly findings: Findings;
  /** Bytes of a pack that are in memory at a time, if its blobs are not longer; for tests. */
  readonly most?: number;
}

/** Reads a pack, part by part where the store is made for it, and compares its name, its header and every blob. Returns how many bytes were read. */
export async function checkPack(toCheck: PackToCheck, options: PackCheckOptions): Promise<number> {
  const { pack, size, indexed } = toCheck;
  const { repository, inspections, findings } = options;
  const { most = repository.storage.partsAreCheap ? partBytes : size } = options;
  const unread = partsOf(indexed, size, most);
  const content = idInPieces();
  const damaged: BlobLocation[] = [];
  let bytesRead = 0;
  try {
    let header: Buffer | undefined;
    for (let part = unread[0]; part; part = unread[0]) {
      const { range, blobs } = part;
      const bytes = await readPart(repository, pack, range);
      try {
        const piece = { bytes, start: range.offset };
        const [found] = await allEnded([inspections.inspect(piece, blobs), content.add(bytes)]);
        damaged.push(...found);
        if (unread.length === 1) header = await headerOf(repository, toCheck, bytes);
      } finally {
        repository.memory.giveBack(bytes);
      }
      bytesRead += bytes.length;
      unread.shift();
    }
    findings.problems.push(
      ...frameProblems(repository.master, { ...toCheck, contentId: content.id(), header }),
      ...damaged.map(({ type, id }) => `pack ${pack}: ${type} blob ${id} is damaged`),
    );
    return bytesRead;
  } catch (error) {
    if (!isStorageError(error) || !isDamageOrUnreadable(error)) throw error;
    const why = isDamage(error) ? "" : ` at present. ${error.message}`;
    findings.problems.push(`pack ${pack} cannot be read whole${why}`);
    if (error.kind === "NotFound") {
      damaged.push(...indexed);
      return bytesRead;
    }
    const blobs = unread.flatMap((part) => part.blobs);
    return bytesRead + (await checkBlobs(blobs, options));
  } finally {
    content.close();
    for (const location of damaged) findings.addDamagedCopy(location);
  }
}

const readPart = ({ storage, memory }: Repository, pack: Id, range: ByteRange): Promise<Buffer> =>
  memory.fill((allocate) => storage.get(packKey(pack), range, allocate));

/** By the end of the pack, in which it is unless the index is wrong. */
async function headerOf(
  { storage }: Repository,
  { pack, size }: PackToCheck,
  end: Buffer,
): Promise<Buffer | undefined> {
  const length = headerBytes(end, size);
  if (length === undefined) return undefined;
  if (length <= end.length) return Buffer.from(end.subarray(end.length - length));
  return storage.get(packKey(pack), { offset: size - length, length });
}

/** What can be read of a pack that cannot be read whole: a bad sector is in a few blobs only. */
async function checkBlobs(
  blobs: readonly BlobLocation[],
  { repository: { storage, master }, findings }: PackCheckOptions,
): Promise<number> {
  let bytesRead = 0;
  for (const location of blobs) {
    const { pack, offset, length } = location;
    const sealed = await storage.get(packKey(pack), { offset, length }).catch((error: unknown) => {
      if (!isDamageOrUnreadable(error)) throw error;
      return undefined;
    });
    bytesRead += sealed?.length ?? 0;
    if (!sealed || !isGoodBlob(master, sealed, location)) findings.addDamagedCopy(location);
  }
  return bytesRead;
}
