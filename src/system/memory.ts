/** Memory for something of this many bytes; what is in it until it is filled is nobody's business. */
export type Allocate = (bytes: number) => Buffer;

/** What comes from another thread is no Buffer any more. */
export const bufferOf = ({ buffer, byteOffset, length }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, length);

/** For a message: of memory that is not shared it would hold all, not only what these bytes are in it. */
export const sharable = (bytes: Uint8Array): Uint8Array =>
  bytes.buffer instanceof SharedArrayBuffer ? bytes : new Uint8Array(bytes);

/** Memory for one thing at a time: each call takes what the one before had got. */
export function reusedMemory(): Allocate {
  let memory = Buffer.alloc(0);
  return (bytes) => {
    if (memory.length < bytes) memory = Buffer.allocUnsafeSlow(bytes);
    return memory.subarray(0, bytes);
  };
}

/**
 * Memory for many things at a time, which threads see without its being copied, and which is used again. New memory has to be paid for twice: the
 * kernel clears each page of it, and every 64 MiB make the engine look through all objects for what it may free. It does not count shared memory.
 */
export interface MemoryPool {
  readonly take: Allocate;
  /**
   * For who is done with it, and so are all threads; whatever else the memory may be is left alone. Throws where it was given back before, unless it came
   * with a message since. What is never given back is freed by the engine, but not as soon as other memory.
   */
  giveBack(bytes: Uint8Array): void;
  /** What `read` gives, which may ask for memory several times: for each attempt the same, and given back where all fail. */
  fill(read: (allocate: Allocate) => Promise<Buffer>): Promise<Buffer>;
}

/** Less is no burden. */
const worthSharing = 64 * 1024;

/** What is shorter than `least` is not shared, and not used again. */
export function createMemoryPool(least = worthSharing): MemoryPool {
  /** The shortest first. */
  const free: SharedArrayBuffer[] = [];
  const take = (bytes: number): Buffer => {
    if (bytes < least) return Buffer.allocUnsafe(bytes);
    const at = free.findIndex(({ byteLength }) => byteLength >= bytes);
    // Where all are too short, the longest goes for the new one: there are never more than were in use at the same time.
    const [found] = at < 0 ? [] : free.splice(at, 1);
    if (!found) free.pop();
    return Buffer.from(found ?? newMemory(bytes), 0, bytes);
  };
  const giveBack = ({ buffer }: Uint8Array): void => {
    if (!(buffer instanceof SharedArrayBuffer)) return;
    if (free.includes(buffer)) throw new RangeError("Memory was given back twice.");
    free.push(buffer);
    free.sort((a, b) => a.byteLength - b.byteLength);
  };
  return {
    take,
    giveBack,
    async fill(read) {
      let taken: Buffer | undefined;
      try {
        return await read((bytes) => {
          if (taken) giveBack(taken);
          taken = take(bytes);
          return taken;
        });
      } catch (error) {
        if (taken) giveBack(taken);
        throw error;
      }
    },
  };
}

/** Somewhat longer, to be good for others, too: what nobody touches takes no memory. */
const newMemory = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(2 ** Math.ceil(Math.log2(bytes)));
