import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Retention } from "../../src/api/policy.ts";
import { type Dated, decideRetention, type KeepDecision } from "../../src/policy/retention.ts";
import { idOf, seal } from "../../src/repository/crypto.ts";
import type { MasterKey } from "../../src/repository/types.ts";

/**
 * The referee is `restic forget --dry-run`. The snapshots are written past restic, because two hundred backups would take minutes;
 * each series has a host name of its own, so that restic judges it apart from the others.
 */

const zones = ["Etc/UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Auckland"] as const;

interface Series {
  readonly host: string;
  readonly timeZone: string;
  readonly points: readonly Dated[];
}

let folder: string;
let series: readonly Series[];
let resticVersion: string;

const restic = (...args: readonly string[]): string =>
  execFileSync("restic", ["--repo", folder, "--no-cache", "--json", ...args], {
    env: { ...process.env, RESTIC_PASSWORD: "referee" },
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 2 ** 28,
  }).toString();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-retention-"));
  resticVersion = execFileSync("restic", ["version"]).toString();
  restic("init");
  const master = readMaster(restic("cat", "masterkey"));
  series = await Promise.all(
    zones.flatMap((timeZone) =>
      [1, 2, 3].map(async (seed): Promise<Series> => {
        const host = `${timeZone.toLowerCase()}-${seed}`;
        const times = sampleTimes(seed);
        const points = await Promise.all(times.map((at) => writeSnapshot({ master, host, at, timeZone })));
        return { host, timeZone, points };
      }),
    ),
  );
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Seconds of the years 2024 to 2026: clusters within an hour, a day and a month, so that every rule has to choose. */
function sampleTimes(seed: number): readonly number[] {
  const start = Date.UTC(2024, 0, 1) / 1000;
  const within = (days: number) => fc.integer({ min: 0, max: days * 86400 });
  const clustered = fc
    .tuple(within(1000), fc.oneof(within(0.04), within(1), within(30)))
    .map(([a, b]) => start + a + b);
  const [times = []] = fc.sample(fc.array(clustered, { minLength: 60, maxLength: 60 }), { numRuns: 1, seed });
  // Round about the two changes of Berlin's clocks, and a year's end in an ISO week of the year before.
  const edges = ["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]
    .concat(["2026-12-31T12:00:00Z", "2027-01-01T12:00:00Z", "2027-01-04T12:00:00Z"])
    .map((time) => Date.parse(time) / 1000);
  return [...new Set([...times, ...edges])];
}

async function writeSnapshot(options: {
  readonly master: MasterKey;
  readonly host: string;
  readonly at: number;
  readonly timeZone: string;
}): Promise<Dated> {
  const { master, host, at, timeZone } = options;
  const local = Temporal.Instant.fromEpochMilliseconds(at * 1000).toZonedDateTimeISO(timeZone);
  const time = local.toString({ timeZoneName: "never" });
  const document = { time, tree: "0".repeat(64), paths: ["/data"], hostname: host };
  const sealed = seal(master, Buffer.from(JSON.stringify(document)));
  const id = idOf(sealed);
  await writeFile(join(folder, "snapshots", id), sealed);
  return { id, time: new Date(at * 1000).toISOString() };
}

function readMaster(json: string): MasterKey {
  const { mac, encrypt } = JSON.parse(json) as { mac: { k: string; r: string }; encrypt: string };
  const bytes = (text: string): Buffer => Buffer.from(text, "base64");
  return { encrypt: bytes(encrypt), macK: bytes(mac.k), macR: bytes(mac.r) };
}

/** Before 0.16 restic did not keep the oldest snapshot for a rule with counts left (restic#3624). */
function asThisRestic(decision: KeepDecision<Dated>): KeepDecision<Dated> {
  const keepsOldest = !/^restic 0\.(\d|1[0-5])\./.test(resticVersion);
  if (keepsOldest || !decision.reasons.every((reason) => reason.startsWith("oldest "))) return decision;
  return { ...decision, keep: false };
}

test.each<Retention>([
  { keepLast: 1 },
  { keepLast: 13 },
  { keepHourly: 20 },
  { keepDaily: 14 },
  { keepWeekly: 8 },
  { keepMonthly: 12 },
  { keepYearly: 2 },
  { keepYearly: 10 },
  { keepLast: 7, keepDaily: 14, keepWeekly: 8, keepMonthly: 12, keepYearly: 3 },
  { keepHourly: 3, keepMonthly: 100000 },
])("keeps what restic keeps: %o", (rules) => {
  const flags = Object.entries(rules).map(
    ([rule, count]) => `--${rule.replace(/([A-Z])/, "-$1").toLowerCase()}=${count}`,
  );
  const groups = JSON.parse(restic("forget", "--dry-run", "--group-by=host", ...flags)) as readonly {
    readonly host: string;
    readonly keep: readonly { readonly id: string }[];
    readonly remove: readonly { readonly id: string }[] | null;
  }[];
  expect(groups).toHaveLength(series.length);
  for (const { host, timeZone, points } of series) {
    const expected = groups.find((group) => group.host === host);
    const decisions = decideRetention({ points, rules, timeZone }).map(asThisRestic);
    const ids = (keep: boolean) => decisions.filter((entry) => entry.keep === keep).map((entry) => entry.point.id);
    expect(ids(true).sort(), host).toEqual(expected?.keep.map((snapshot) => snapshot.id).sort());
    expect(ids(false).sort(), host).toEqual((expected?.remove ?? []).map((snapshot) => snapshot.id).sort());
  }
});
