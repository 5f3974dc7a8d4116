import { hash, randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BackupResult, RestoreResult } from "../../src/contract/results.ts";
import { holdfast } from "../support/holdfast.ts";
import { type LoopDevice, makeLoopDevice } from "../support/loop-device.ts";
import { filePlace, type RepositoryPlace } from "../support/repository-place.ts";
import { resticFor } from "../support/restic.ts";
import { resticVersions } from "../support/restic-versions.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";

// Block devices, for which loop devices stand: restic restores their image, we restore them to devices.

const MiB = 1024 * 1024;
/** Not a whole number of chunks. */
const size = 40 * MiB + 512;

const versions = await resticVersions();
let scratch: Scratch;
let device: LoopDevice;
let other: LoopDevice;
let small: LoopDevice;
let place: RepositoryPlace;
let first: BackupResult;
let folder: string;
const attached: LoopDevice[] = [];

const attach = (bytes: number): LoopDevice => {
  const made = makeLoopDevice(scratch, bytes);
  attached.push(made);
  return made;
};

beforeAll(async () => {
  scratch = makeScratch();
  device = attach(size);
  other = attach(size + MiB);
  small = attach(MiB);
  place = filePlace(scratch);
  write(device, 0, randomBytes(3 * MiB));
  write(device, 20 * MiB + 7, Buffer.from("in the middle of zeros"));
  write(device, size - 5, Buffer.from("last!"));
  write(other, 0, randomBytes(size));
  first = await backup();
  folder = scratch.path("some-folder");
  mkdirSync(folder);
  writeFileSync(`${folder}/volume.img`, "just a file");
});
afterAll(() => {
  for (const each of attached) each.remove();
  scratch?.remove();
});

function write({ path }: LoopDevice, offset: number, bytes: Buffer): void {
  const descriptor = openSync(path, "r+");
  for (let done = 0; done < bytes.length; )
    done += writeSync(descriptor, bytes, done, bytes.length - done, offset + done);
  fsyncSync(descriptor);
  closeSync(descriptor);
}

function contentOf({ path }: LoopDevice): string {
  const bytes = Buffer.alloc(size);
  const descriptor = openSync(path, "r");
  for (let done = 0; done < size; ) done += readSync(descriptor, bytes, done, size - done, done);
  closeSync(descriptor);
  return hash("sha256", bytes);
}

async function mover<Result>(code: number, ...words: readonly string[]): Promise<Result> {
  const { url, environment, password } = place;
  const ran = await holdfast(["mover", ...words, "--repository", url, "--json"], { environment, password });
  expect(ran.code, ran.stdout + ran.stderr).toBe(code);
  return ran.result<Result>();
}

const backup = (code = 0, ...flags: readonly string[]) =>
  mover<BackupResult>(code, "backup", "--source", device.path, ...flags);

describe("A block device", () => {
  it("is one file of its size for restic, whose image is the same to the byte", async () => {
    expect(first).toMatchObject({ state: "Good", files: 1, bytes: size, errors: 0 });
    expect(first.targets[0]?.bytesStored, "zeros cost nothing").toBeLessThan(6 * MiB);
    for (const { binary, version } of versions) {
      const restic = resticFor(place.url.slice("file://".length), place.password, {}, binary);
      await restic.check();
      const [snapshot] = await restic.json<{ tags: string[] }[]>("snapshots");
      expect(snapshot?.tags, version).toContain("volume-mode=Block");

      const target = scratch.path(`restic-${version}`);
      await restic.run("restore", "latest", "--target", target);
      const image = readFileSync(`${target}${device.path}/volume.img`);
      expect(image.length, version).toBe(size);
      expect(hash("sha256", image), version).toBe(contentOf(device));
    }
  });

  it("stores only what changed when it is backed up again", async () => {
    write(device, 30 * MiB, randomBytes(4096));
    const result = await backup();
    expect(result).toMatchObject({ state: "Good", bytes: size });
    expect(result.targets[0]?.bytesAdded).toBeLessThan(10 * MiB);
    expect(result.targets[0]?.bytesStored).toBeLessThan(MiB);
    expect(result.targets[0]?.parent).toBeDefined();
  });

  it("is restored over another one, zeros too, and compared", async () => {
    expect(contentOf(other)).not.toBe(contentOf(device));
    const words = ["--target", other.path, "--overwrite-device", "--verify"];
    expect(await mover<RestoreResult>(0, "restore", ...words)).toMatchObject({ state: "Good", files: 1, bytes: size });
    expect(contentOf(other)).toBe(contentOf(device));
    expect(await mover(0, "verify", "--target", other.path)).toMatchObject({ state: "Good", bytes: size });

    write(other, 25 * MiB, Buffer.from("x"));
    const different = await mover<RestoreResult>(1, "verify", "--target", other.path);
    expect(different).toMatchObject({ state: "Failed", reason: "VerificationFailed", failedPaths: ["volume.img"] });
  });

  it("is restored into a folder as an image with holes", async () => {
    const target = scratch.path("folder");
    await mover(0, "restore", "--target", target, "--verify");
    expect(hash("sha256", readFileSync(`${target}/volume.img`))).toBe(contentOf(device));
    expect(statSync(`${target}/volume.img`).blocks * 512).toBeLessThan(10 * MiB);
  });
});

describe("Nothing is overwritten", () => {
  it.each<[string, () => readonly string[], string, string]>([
    ["unless that is said", () => ["--target", other.path], "InvalidConfiguration", "say --overwrite-device"],
    [
      "where the device is too small",
      () => ["--target", small.path, "--overwrite-device"],
      "TargetVolumeFull",
      "at least that size",
    ],
    [
      "that is no device",
      () => ["--target", scratch.path("none"), "--overwrite-device"],
      "InvalidConfiguration",
      "is no block device",
    ],
  ])("%s", async (_, words, reason, message) => {
    const before = contentOf(other);
    const result = await mover<RestoreResult>(1, "restore", ...words());
    expect(result).toMatchObject({ state: "Failed", reason });
    expect(result.message).toContain(message);
    expect(contentOf(other)).toBe(before);
  });

  it("that is mounted, or otherwise held", async () => {
    const before = contentOf(other);
    const held = openSync(other.path, constants.O_RDONLY | constants.O_EXCL);
    try {
      const result = await mover<RestoreResult>(1, "restore", "--target", other.path, "--overwrite-device");
      expect(result.message).toContain("it is mounted, or otherwise in use");
    } finally {
      closeSync(held);
    }
    expect(contentOf(other)).toBe(before);
  });

  it("by a snapshot of files", async () => {
    const backedUp = await mover<BackupResult>(0, "backup", "--source", folder);
    const words = ["--snapshot", backedUp.targets[0]?.snapshot ?? "", "--target", other.path, "--overwrite-device"];
    const result = await mover<RestoreResult>(1, "restore", ...words);
    expect(result).toMatchObject({ state: "Failed", reason: "InvalidConfiguration" });
    expect(result.message).toContain("holds files");
  });
});

describe("As a source is refused", () => {
  it("a regular file", async () => {
    const result = await mover<BackupResult>(1, "backup", "--source", `${folder}/volume.img`);
    expect(result).toMatchObject({ state: "Failed", reason: "SourceUnreadable" });
    expect(result.message).toContain("neither a folder nor a block device");
  });

  it("a device of which something should be left out", async () => {
    expect(await backup(1, "--exclude", "x")).toMatchObject({ state: "Failed", reason: "InvalidConfiguration" });
  });

  it("a device for a mirror", async () => {
    const words = ["backup", "--type", "Mirror", "--unencrypted", "--source", device.path, "--json"];
    const ran = await holdfast(["mover", ...words, "--repository", `file://${scratch.path("mirror")}`]);
    expect(ran.result()).toMatchObject({ state: "Failed", reason: "InvalidConfiguration" });
  });
});

/** A Full in a chain of its own, which knows where the volume's other chains are, as on the cluster. */
async function fullInChain(chain: string, code: number): Promise<BackupResult> {
  const volume = `file://${scratch.path("volume")}`;
  const config = scratch.path(`${chain}.json`);
  const inventory = { url: volume, tags: ["policy=shop"], known: {} };
  const target = { name: "onprem", repository: { url: `${volume}/${chain}` }, expect: "Any", inventory };
  const lock = { holder: "test" };
  const more = { type: "Full", hostname: "shop", path: "/data", tags: ["policy=shop", "volume-mode=Block"] };
  writeFileSync(config, JSON.stringify({ source: device.path, ...more, targets: [target], lock }));
  const ran = await holdfast(["mover", "backup", "--config", config, "--json"], { password: place.password });
  expect(ran.code, ran.stdout + ran.stderr).toBe(code);
  return ran.result<BackupResult>();
}

it("A device that is suddenly blank is not called good in a new chain either", async () => {
  write(device, 20 * MiB, Buffer.from("data"));
  expect(await fullInChain("20260101T000000Z", 0)).toMatchObject({ state: "Good" });
  write(device, 0, Buffer.alloc(size));
  const erased = await fullInChain("20260201T000000Z", 3);
  expect(erased).toMatchObject({ state: "Incomplete", reason: "SourceEmpty" });
  expect(erased.message).toMatch(/held data in snapshot \w{8} of the chain 20260101T000000Z/);
  write(device, 0, Buffer.from("used again"));
  expect(await fullInChain("20260202T000000Z", 0)).toMatchObject({ state: "Good" });
});

it("A device that is suddenly blank is not called good, however often and whatever the type", async () => {
  write(device, 0, Buffer.alloc(size));
  for (const type of ["Incremental", "Incremental", "Differential"])
    expect(await backup(3, "--type", type)).toMatchObject({ state: "Incomplete", reason: "SourceEmpty" });
});
