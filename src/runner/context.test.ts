import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { durationSeconds } from "../api/scalars.ts";
import { runnerCommand } from "./command.ts";
import { defaultPatience, type Patience } from "./context.ts";

const page = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");
const table = page.split("## Time limits and locks")[1]?.split("\n## ")[0] ?? "";
const rows = new Map([...table.matchAll(/^\| (.+?) \| (.+?) \|$/gm)].map(([, what = "", limit = ""]) => [what, limit]));

const unitSeconds = { second: 1, minute: 60, hour: 3600 };
/** The first `count` times that a row tells, in seconds. */
const secondsIn = (limit: string, count: number): readonly number[] =>
  [...limit.matchAll(/(\d+) (second|minute|hour)s?\b/g)]
    .slice(0, count)
    .map(([, number, unit]) => Number(number) * unitSeconds[unit as keyof typeof unitSeconds]);

/** Each row of docs/operations.md that tells how long a runner waits, and for what, in the row's order. */
const waits: readonly (readonly [string, readonly (keyof Patience)[]])[] = [
  ["another run on the same PVC", ["volumeBusy"]],
  ["a VolumeSnapshot", ["snapshot", "snapshotError"]],
  ["a pod that no node takes", ["unschedulable", "scalingUp"]],
  ["a volume that cannot be made; be mounted", ["provisioning", "mount"]],
  ["image; quota; refusal; Secret", ["image", "quota", "podRefused", "secretMissing"]],
  ["a pod whose node does not answer", ["podLost"]],
  ["removing what a run made", ["cleanUp"]],
];

describe("docs/operations.md", () => {
  test.each(waits)("tells how long a runner waits for: %s", (what, of) => {
    expect(secondsIn(rows.get(what) ?? "", of.length)).toEqual(of.map((key) => defaultPatience[key]));
  });

  it("tells of every wait", () => {
    expect(waits.flatMap(([, of]) => of).toSorted()).toEqual(Object.keys(defaultPatience).toSorted());
  });
});

test.each(["backup", "restore", "restore-test"])("`runner %s` waits by default as long", (name) => {
  const { options = [] } = runnerCommand().commands.find((command) => command.name() === name) ?? {};
  const secondsOf = (flag: string) =>
    durationSeconds(options.find(({ long }) => long === flag)?.defaultValue as string);
  expect(secondsOf("--volume-wait")).toBe(defaultPatience.volumeBusy);
  expect(secondsOf("--scheduling-wait")).toBe(defaultPatience.unschedulable);
});
