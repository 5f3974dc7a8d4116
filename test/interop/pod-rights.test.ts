import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { moverJob } from "../../src/runner/mover-pod.ts";
import { differencesBetween, mover } from "../support/both-ways.ts";
import { excusedOfAll, features, makeFaithfulFolder } from "../support/faithful-folder.ts";
import { entryStates } from "../support/folder-state.ts";
import { reportSection } from "../support/report.ts";
import { filePlace } from "../support/repository-place.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";

// The mover's pods are root within a few capabilities. These are all that is needed for everything we promise.

let scratch: Scratch;
beforeAll(() => {
  scratch = makeScratch();
});
afterAll(() => scratch?.remove());

const report = reportSection({
  name: "pod-rights",
  title: "With the rights of the mover's pods",
  text: `
The same examples, backed up, restored and compared by a root that has only the capabilities of the pod that does it on a cluster. Every
folder was closed to its owner as well (mode 000), and one had an attribute \`trusted.*\`, which stays out.`,
  columns: ["feature", "Holdfast → Holdfast"],
});

/** As the manifest of the pod says. */
function capabilitiesOf(command: "backup" | "restore" | "verify"): readonly string[] {
  const job = moverJob({
    name: "any",
    namespace: "any",
    labels: {},
    owner: { apiVersion: "batch/v1", kind: "Job", name: "any", uid: "any" },
    command,
    image: "any",
    configMap: "any",
    credentials: [],
    volume: { claim: "any", path: "/data", readOnly: command !== "restore", isBlock: false },
    options: { timeLimit: "1h" },
  });
  return job.spec?.template.spec?.containers[0]?.securityContext?.capabilities?.add ?? [];
}

it("reads and brings back everything", async () => {
  const source = scratch.path("source");
  mkdirSync(source);
  makeFaithfulFolder(source);
  const closed = features.map(({ name }) => join(source, name));
  execFileSync("chown", ["12345:12345", ...closed]);
  execFileSync("chmod", ["000", ...closed]);
  execFileSync("setfattr", ["-n", "trusted.holdfast", "-v", "x", join(source, "names")]);

  const place = filePlace(scratch);
  const target = scratch.path("target");
  await mover(place, ["backup", "--source", source], { capabilities: capabilitiesOf("backup") });
  await mover(place, ["restore", "--target", target], { capabilities: capabilitiesOf("restore") });
  await mover(place, ["verify", "--target", target], { capabilities: capabilitiesOf("verify") });
  const excuses = Object.values(excusedOfAll);
  const differences = differencesBetween(entryStates(source), entryStates(target));
  expect(differences.filter((difference) => !excuses.some(([known]) => known.test(difference)))).toEqual([]);
  expect(execFileSync("getfattr", ["-d", "-m-", join(target, "names")], { encoding: "utf8" })).toBe("");
  for (const { name } of features) report.row(name, excusedOfAll[name]?.[1] ?? "the same");
});

it("needs root within those capabilities: without them, what cannot be read is named", async () => {
  const source = scratch.path("unreadable");
  mkdirSync(source);
  makeFaithfulFolder(source);
  execFileSync("chown", ["12345:12345", join(source, "modes/0")]);
  const place = filePlace(scratch);
  const ran = await mover(place, ["backup", "--source", source, "--json"], { capabilities: [], code: 3 });
  expect(ran.result()).toMatchObject({ state: "Incomplete" });
  expect(ran.result<{ failedPaths: string[] }>().failedPaths).toContainEqual(
    expect.stringMatching(/^modes\/0: EACCES/),
  );
});
