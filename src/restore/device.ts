import { closeSync, constants, fsync, openSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { isZero } from "../kernel/zeros.ts";
import { damaged, RepositoryError } from "../repository/errors.ts";
import type { BlobLocation, Snapshot, TreeNode } from "../repository/types.ts";
import { imageName, isOfDevice } from "../repository/volume-image.ts";
import { deviceSize, forgetCached, zeroOut } from "../system/block-device.ts";
import { causeOf } from "../system/cause.ts";
import type { Folder } from "../system/folders.ts";
import { newBreather } from "./breathe.ts";
import { hashOf } from "./compare.ts";
import { fetchWindow } from "./fetch-window.ts";
import type { FileWriter } from "./files.ts";
import { createFlusher } from "./flush.ts";
import { newOutcome, type Outcome } from "./outcome.ts";
import type { Restorable } from "./restorable.ts";
import { select } from "./selection.ts";
import { newWindow, planFile } from "./window.ts";

export interface DeviceOptions {
  readonly repository: Restorable;
  readonly snapshot: Snapshot;
  /** A block device that is there, of at least the image's size. */
  readonly target: string;
  readonly onProgress?: (progress: { readonly bytesDone: number; readonly filesDone: number }) => void;
  readonly signal: AbortSignal;
  /** What comes out is counted here, so that it is known of a restore that breaks off, too. */
  readonly outcome?: Outcome | undefined;
}

interface Image {
  readonly node: TreeNode;
  readonly parts: readonly BlobLocation[];
}

/** Parts that are fetched together: bounds the memory, whatever the size. */
const windowParts = 4096;
const root: Folder = { name: Buffer.alloc(0), parent: undefined };

/**
 * Writes the image of a block device over another one, zeros too, and waits until the device has it. Rejects where anything is amiss: then
 * the device holds a part of the image at most, and the outcome tells whether it does.
 */
export async function restoreToDevice(options: DeviceOptions): Promise<Outcome> {
  const { repository, snapshot, target, signal, onProgress = () => {}, outcome = newOutcome() } = options;
  const { node, parts } = await findImage(repository, snapshot);
  // O_EXCL without O_CREAT: the kernel refuses a device that is mounted.
  const descriptor = open(target, constants.O_RDWR | constants.O_EXCL);
  try {
    assertRoom(descriptor, target, node);
    const flusher = createFlusher(descriptor, { sync: promisify(fsync) });
    let base = 0;
    for (let first = 0; first < parts.length; first += windowParts) {
      const window = newWindow();
      const some = parts.slice(first, first + windowParts);
      const size = some.reduce((sum, { plainLength }) => sum + plainLength, 0);
      const part = { ...node, size, content: some.map(({ id }) => id) };
      const planned = planFile(repository, window, { folder: root, node: part });
      if ("damage" in planned) throw damaged(`The image cannot be restored: ${planned.damage}.`);
      const onBytes = (count: number) => {
        outcome.bytes += count;
        flusher.written(count);
        onProgress({ bytesDone: outcome.bytes, filesDone: 0 });
      };
      await fetchWindow({ repository, window, writer: deviceWriter({ descriptor, base, outcome }), onBytes, signal });
      base += size;
    }
    // Nothing is known to let a part go missing. Should anything do so, this is no image.
    if (outcome.bytes !== base) {
      const message = `Only ${outcome.bytes} of the ${base} bytes of the image were written to ${target}.`;
      throw new RepositoryError("InternalError", message);
    }
    await flusher.finish();
    forgetCached(descriptor);
    outcome.files = 1;
    return outcome;
  } catch (cause) {
    if (cause instanceof Error && "syscall" in cause) {
      const message = `${target} could not be written: ${causeOf(cause)}.`;
      throw new RepositoryError("WriteErrors", message, { cause });
    }
    throw cause;
  } finally {
    closeSync(descriptor);
  }
}

/** Compares a device with the image, byte by byte as far as the image goes. Writes nothing. */
export async function verifyDevice(options: DeviceOptions): Promise<Outcome> {
  const { repository, snapshot, target, signal, onProgress = () => {} } = options;
  const { node, parts } = await findImage(repository, snapshot);
  const descriptor = open(target, constants.O_RDONLY);
  const outcome = newOutcome();
  const breathe = newBreather();
  try {
    assertRoom(descriptor, target, node);
    for (const { id, plainLength } of parts) {
      signal.throwIfAborted();
      if (hashOf(descriptor, outcome.bytes, plainLength) !== id) {
        const where = `between bytes ${outcome.bytes} and ${outcome.bytes + plainLength}`;
        outcome.fail(imageName.toString(), "VerificationFailed", `${target} differs from the image ${where}.`);
        return outcome;
      }
      outcome.bytes += plainLength;
      onProgress({ bytesDone: outcome.bytes, filesDone: 0 });
      await breathe();
    }
    outcome.files = 1;
    return outcome;
  } finally {
    closeSync(descriptor);
  }
}

async function findImage(repository: Restorable, snapshot: Snapshot): Promise<Image> {
  const { tree } = await select(repository, snapshot, { include: [] });
  const node = isOfDevice(snapshot)
    ? (await repository.readTree(tree)).find(({ name, type }) => type === "file" && name.equals(imageName))
    : undefined;
  if (!node) {
    const message = `Snapshot ${snapshot.id.slice(0, 8)} holds files and not the image of a block device: restore it into a folder.`;
    throw new RepositoryError("InvalidConfiguration", message);
  }
  const located = repository.locate(root, node);
  if ("parts" in located) return { node, parts: located.parts };
  throw new RepositoryError("RepositoryDamaged", `The image cannot be restored: ${located.damage}.`);
}

function open(target: string, flags: number): number {
  try {
    return openSync(target, flags);
  } catch (cause) {
    const isBusy = (cause as NodeJS.ErrnoException).code === "EBUSY";
    const why = isBusy ? "it is mounted, or otherwise in use" : causeOf(cause);
    throw new RepositoryError("InvalidConfiguration", `The device ${target} cannot be used: ${why}.`, { cause });
  }
}

function assertRoom(descriptor: number, target: string, { size }: TreeNode): void {
  const room = deviceSize(descriptor);
  if (room >= size) return;
  const message = `The device ${target} has ${room} bytes, and the image ${size}: use a device of at least that size.`;
  throw new RepositoryError("TargetVolumeFull", message);
}

interface Writing {
  readonly descriptor: number;
  /** Where on the device what is fetched together begins. */
  readonly base: number;
  readonly outcome: Outcome;
}

/** Nobody knows what a device holds, so zeros are written like all else. */
function deviceWriter({ descriptor, base, outcome }: Writing): FileWriter {
  return {
    write(_, offset, data) {
      outcome.touched = true;
      const position = base + offset;
      if (isZero(data) && zeroOut(descriptor, position, data.length)) return;
      for (let done = 0; done < data.length; )
        done += writeSync(descriptor, data, done, data.length - done, position + done);
    },
    writeEmpty() {},
    abandon(_, reason, message) {
      throw new RepositoryError(reason, message);
    },
  };
}
