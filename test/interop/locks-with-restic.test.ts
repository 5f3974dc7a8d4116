import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { writeDocument } from "../../src/repository/documents.ts";
import { withLock } from "../../src/repository/locks.ts";
import { openRepository } from "../../src/repository/repository.ts";
import type { Repository } from "../../src/repository/types.ts";
import { filesystemStorage } from "../../src/storage/filesystem.ts";
import { startHoldfast } from "../support/holdfast.ts";
import { makeLongSource } from "../support/long-source.ts";
import { mover } from "../support/mover.ts";
import { reportSection } from "../support/report.ts";
import { filePlace, type RepositoryPlace } from "../support/repository-place.ts";
import { resticVersions } from "../support/restic-versions.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";

// Each program respects the other's locks, and knows which of them mean nothing any more.

const versions = await resticVersions();
const [, newest] = versions;
const report = reportSection({
  name: "locks-with-restic",
  title: "Locks",
  text: "Who waits for whom, with the system's restic (0.14 on Debian 12) and the newest.",
  columns: ["lock", "outcome"],
});

let scratch: Scratch;
let source: string;
beforeAll(() => {
  scratch = makeScratch();
  source = scratch.path("source");
  mkdirSync(source);
  writeFileSync(join(source, "file"), "content");
});
afterAll(() => scratch.remove());

const identity = { holder: "the test", deadHolders: [], waitSeconds: 0 };
const pruning = ["forget", "--keep-last", "1", "--prune"];

describe.each(versions)("Restic $version", (version) => {
  const { binary } = version;
  /** Restic 0.14 has one code for every failure. */
  const lockedCode = version === newest ? 11 : 1;
  let place: RepositoryPlace;
  let repository: Repository;
  const folder = () => place.url.slice("file://".length);
  /** A file that is still being written has another name. */
  const locks = () => {
    const names = existsSync(join(folder(), "locks")) ? readdirSync(join(folder(), "locks")) : [];
    return names.filter((name) => /^[0-9a-f]{64}$/.test(name));
  };

  beforeEach(async () => {
    place = filePlace(scratch, binary);
    await mover(place, ["backup", "--source", source]);
    repository = await openRepository({ storage: filesystemStorage(folder()), password: place.password });
  });

  const holding = (exclusive: boolean, work: () => Promise<void>) =>
    withLock(repository, { exclusive, identity }, work);
  const start = (...words: string[]): ChildProcess => {
    const env = { ...process.env, RESTIC_PASSWORD: place.password };
    return spawn(binary, ["-r", folder(), "--no-cache", ...words], { env, stdio: ["pipe", "ignore", "ignore"] });
  };
  const lockOf = async (child: ChildProcess): Promise<void> => {
    while (locks().length === 0 && child.exitCode === null) await sleep(2);
  };

  /** A check of restic's takes an exclusive lock; stopped, it holds it for as long as the test wants. */
  const stoppedCheck = async (): Promise<ChildProcess> => {
    for (;;) {
      const child = start("check");
      await lockOf(child);
      child.kill("SIGSTOP");
      await sleep(50);
      if (child.exitCode === null && locks().length > 0) return child;
      // It was at its end already: on to the next.
      child.kill("SIGCONT");
      if (child.exitCode === null) await once(child, "exit");
    }
  };

  it("works beside us, and does not prune, while we share the repository", async () => {
    await holding(false, async () => {
      await place.restic.run("backup", source);
      const { code, stderr } = await place.restic.attempt(...pruning);
      expect({ code, stderr }).toEqual({ code: lockedCode, stderr: expect.stringContaining("locked") });
    });
    await place.restic.run(...pruning);
    report.row("ours, shared", "restic backs up beside us; its prune is refused until we are gone");
  });

  it("does nothing while we want the repository for ourselves", async () => {
    await holding(true, async () => {
      expect((await place.restic.attempt("backup", source)).code).toBe(lockedCode);
    });
    await place.restic.run("backup", source);
    report.row("ours, exclusive", "restic's backup is refused until we are gone");
  });

  // Restic 0.14 cannot wait.
  if (version === newest)
    it("waits for us when it is told to", async () => {
      let waiting: Promise<string> | undefined;
      await holding(true, async () => {
        waiting = place.restic.run(...pruning, "--retry-lock", "60s");
        await sleep(2_000);
      });
      expect(await waiting).toBeDefined();
      report.row("ours, exclusive, and `--retry-lock`", "the newest restic waits until we are gone");
    });

  it("keeps us out while it wants the repository for itself, and we wait when told to", async () => {
    const child = await stoppedCheck();
    try {
      await mover(place, ["backup", "--source", source], { code: 11 });
      await mover(place, pruning, { code: 11 });
      const waiting = mover(place, [...pruning, "--wait-for-lock", "120"]);
      child.kill("SIGCONT");
      if (child.exitCode === null) await once(child, "exit");
      await waiting;
    } finally {
      child.kill("SIGKILL");
    }
    await place.restic.check();
    report.row("restic's, exclusive", "our backup and prune are refused (11), or wait when told to");
  });

  it("leaves a lock when it is killed, which only restic itself may judge within half an hour", async () => {
    const child = start("backup", "--stdin");
    await lockOf(child);
    child.kill("SIGKILL");
    await once(child, "exit");
    const { stderr } = await mover(place, pruning, { code: 11 });
    expect(stderr).toContain("restic unlock");
    await mover(place, ["backup", "--source", source]);
    await place.restic.run("unlock");
    await mover(place, pruning);
    report.row(
      "of a restic that was killed a moment ago",
      "we respect it; `restic unlock` on the same machine removes it",
    );
  });

  it("and we take a lock for stale that was not refreshed for half an hour", async () => {
    const leave = async (minutes: number, storedMinutes = minutes) => {
      const time = new Date(Date.now() - minutes * 60_000);
      const stored = new Date(Date.now() - storedMinutes * 60_000);
      const lock = {
        time: time.toISOString(),
        exclusive: true,
        hostname: "another machine",
        username: "root",
        pid: 4711,
      };
      utimesSync(join(folder(), "locks", await writeDocument(repository, "locks", lock)), stored, stored);
    };
    await leave(29);
    await mover(place, ["backup", "--source", source], { code: 11 });
    await place.restic.run("unlock");
    expect(locks(), "restic judges alike").toHaveLength(1);
    await place.restic.run("unlock", "--remove-all");

    await leave(31, 1);
    await mover(place, pruning, { code: 11 });
    await place.restic.run("unlock");
    expect(locks(), "restic goes by the clock of the lock's holder").toEqual([]);

    await leave(31);
    const { stderr } = await mover(place, pruning);
    expect(stderr).toMatch(/Removed.*another machine.*30 minutes/);
    await leave(31);
    await place.restic.run("unlock");
    expect(locks()).toEqual([]);
    report.row("of another machine, 29 minutes old", "both respect it");
    report.row(
      "of another machine, 31 minutes old by its own clock, and stored a minute ago",
      "we respect it: a clock is behind, or ours ahead; `restic unlock` removes it",
    );
    report.row(
      "of another machine, 31 minutes old",
      "both take it for stale: we remove it by ourselves, restic by `unlock`",
    );
  });

  it("makes a restore of ours begin anew that locked at the same moment, before it has touched its target", async () => {
    const theirs = { exclusive: true, hostname: "another machine", username: "root", pid: 4711 };
    const writtenAt = (id: string): number => statSync(join(folder(), "locks", id)).mtimeMs;
    for (;;) {
      const target = join(mkdtempSync(scratch.path("restored-")), "target");
      const words = ["mover", "restore", "--repository", place.url, "--target", target, "--wait-for-lock", "60"];
      const restoring = startHoldfast(words, { password: place.password });
      while (locks().length === 0) await sleep(1);
      const [ours = ""] = locks();
      const since = writtenAt(ours);
      const id = await writeDocument(repository, "locks", { time: new Date().toISOString(), ...theirs });
      // On a slow machine ours may have settled before, which proves nothing.
      const isInTime = writtenAt(id) - since < 150;
      while (locks().length > 1) await sleep(5);
      await sleep(300);
      const isTouched = existsSync(target);
      unlinkSync(join(folder(), "locks", id));
      expect(await restoring.ended).toMatchObject({ code: 0 });
      expect(readFileSync(join(target, "file"), "utf8")).toBe("content");
      if (!isInTime) continue;
      expect(isTouched).toBe(false);
      break;
    }
    report.row(
      "of somebody who wrote it at the same moment as a restore of ours",
      "ours goes, and begins anew when that is gone",
    );
  });

  it("removes the lock of ours that was killed", async () => {
    const big = scratch.path(`big-${version.version}`);
    makeLongSource(big);
    const running = startHoldfast(["mover", "backup", "--source", big, "--repository", place.url]);
    while (locks().length === 0) await sleep(20);
    running.process.kill("SIGKILL");
    await running.ended;
    expect((await place.restic.attempt(...pruning)).code).toBe(lockedCode);
    await place.restic.run("unlock");
    await place.restic.run(...pruning);
    report.row("of ours that was killed", "restic respects it; `restic unlock` on the same machine removes it");
  });
});
