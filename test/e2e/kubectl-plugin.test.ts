import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { parse } from "yaml";
import { jobs, pods } from "../../src/kube/resources.ts";
import { busyApplication } from "./support/application.ts";
import { client, kubectl, setting } from "./support/cluster.ts";
import { policy } from "./support/manifests.ts";
import { checkRepository } from "./support/referee.ts";
import { type Scenario, scenario } from "./support/scenario.ts";
import { until } from "./support/until.ts";

const checkout = join(import.meta.dirname, "../..");

type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** What a person types, in a shell that tells of every failure in a pipe; kubectl finds the plug-in on the PATH. */
function shell(s: Scenario, line: string): Promise<Ran> {
  const env = {
    ...process.env,
    PATH: [join(checkout, "bin"), setting("CLUSTER_BINARIES"), dirname(process.execPath), process.env.PATH].join(":"),
    KUBECONFIG: setting("KUBECONFIG"),
    N: s.namespace,
    AS: `--namespace ${s.namespace} --as ${userOf(s)}`,
  };
  return new Promise((resolve) => {
    execFile("bash", ["-c", `set -o pipefail; ${line}`], { env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

const userOf = ({ namespace }: Scenario) => `system:serviceaccount:${namespace}:somebody`;

/** The one that the documentation says is enough. */
function documentedRole() {
  const text = readFileSync(join(checkout, "docs/operations.md"), "utf8");
  const [, block = ""] = /```yaml\n([^`]*kind: Role\n[^`]*name: holdfast-reader[^`]*)```/.exec(text) ?? [];
  return parse(block);
}

/** A user who may do what that Role says, and nothing else. */
const mayRead = (s: Scenario): Promise<void> =>
  s.apply(documentedRole(), {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "holdfast-reader" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "holdfast-reader" },
    subjects: [{ kind: "ServiceAccount", name: "somebody", namespace: s.namespace }],
  } as Parameters<Scenario["apply"]>[0]);

const noReadersLeft = (s: Scenario) =>
  until("the readers to be gone", async () => {
    const left = await Promise.all(
      [jobs, pods].map((each) => client.list<never>(each as never, { namespace: s.namespace, labelSelector: readers })),
    );
    return left.every(({ items }) => items.length === 0);
  });

/** Looks into a point by each of the commands that hand out files. */
async function readsThePoint(s: Scenario, name: string | undefined): Promise<void> {
  const ls = await shell(s, `kubectl holdfast ls ${name} static -l $AS`);
  expect(ls, ls.stderr).toMatchObject({ code: 0, stderr: "" });
  expect(ls.stdout).toMatch(/^urw?.* \/data\/static\/zeros$/m);
  const dump = await shell(s, `kubectl holdfast dump ${name} static/large --target offsite $AS | sha256sum`);
  expect(dump, dump.stderr).toMatchObject({ code: 0 });
  expect(dump.stdout.slice(0, 64)).toBe((await s.inApplication("sha256sum /data/static/large")).slice(0, 64));
  const tar = await shell(s, `kubectl holdfast tar ${name} static $AS | tar --list --verbose`);
  expect(tar, tar.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/^hrw.* link to /m) });
}

const readers = "app.kubernetes.io/managed-by=kubectl-holdfast";

scenario("gets at a restore point's files with kubectl alone, and leaves nothing behind", "plugin", async (s) => {
  await s.runApplication(busyApplication);
  await s.apply(policy("shop"));
  await mayRead(s);
  await until("the schedules' CronJobs", async () =>
    (await kubectl("-n", s.namespace, "get", "cronjobs", "-o", "name")).includes("shop-full"),
  );

  expect(await shell(s, "kubectl holdfast backup shop $AS")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("choose one with --schedule (full, incremental)"),
  });
  const backup = await shell(s, "kubectl holdfast backup shop --schedule full $AS");
  expect(backup, backup.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining("data-") });
  const [point] = await s.points();
  const name = point?.metadata.name;

  await readsThePoint(s, name);

  const missing = await shell(s, `kubectl holdfast dump ${name} nothing $AS`);
  expect(missing).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("«nothing» is not in snapshot"),
  });
  const cut = await shell(s, `kubectl holdfast dump ${name} static/large $AS | head -c 100 | wc -c`);
  expect(cut.stdout.trim()).toBe("100");
  expect(await shell(s, "kubectl holdfast ls no-such-point $AS")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("not found"),
  });

  await noReadersLeft(s);
  await s.expectNothingLeft();
  // No lock is left either: a prune would have to wait for it.
  for (const { target, repository = "" } of point?.status?.copies ?? []) {
    expect(await checkRepository(target as never, repository)).toContain("no errors were found");
  }
});

scenario("says that a file is not whole where its reader is taken away meanwhile", "plugin-cut", async (s) => {
  await s.runApplication("head -c 40000000 /dev/urandom > /data/large; touch /data/ready; sleep infinity");
  await s.apply(policy("shop", [{ name: "full", type: "Full" }]));
  await mayRead(s);
  expect(await s.run("shop-full")).toMatchObject({ succeeded: true });
  const [point] = await s.points();

  const takenAway = `kubectl -n $N delete pods -l ${readers} --force --grace-period=0 >&2`;
  const reading = `{ head -c 100000; ${takenAway}; cat; } | wc -c`;
  const dump = await shell(s, `kubectl holdfast dump ${point?.metadata.name} large $AS | ${reading}`);
  expect(dump, dump.stderr).toMatchObject({ code: 1, stderr: expect.stringContaining("run it again") });
  expect(dump.stderr).toMatch(/force deleted/);
  const passed = Number(dump.stdout);
  expect(passed).toBeGreaterThanOrEqual(100_000);
  expect(passed, "it was in the midst of it").toBeLessThan(40_000_000);
  expect(dump.stderr).toContain(`cut off after ${passed.toLocaleString("en-US")} bytes`);

  await noReadersLeft(s);
  await s.expectNothingLeft();
});

scenario("gets at a mirror's files in the same way", "plugin-mirror", async (s) => {
  await s.runApplication(busyApplication);
  await s.apply(policy("shop", [{ name: "copy", type: "Mirror", mirror: { unencrypted: true } }]));
  await mayRead(s);
  await until("the schedule's CronJob", async () =>
    (await kubectl("-n", s.namespace, "get", "cronjobs", "-o", "name")).includes("shop-copy"),
  );
  const backup = await shell(s, "kubectl holdfast backup shop $AS");
  expect(backup, backup.stderr).toMatchObject({ code: 0 });
  const [point] = await s.points();
  expect(point?.spec.type).toBe("Mirror");
  const name = point?.metadata.name;

  await readsThePoint(s, name);
  const stats = await shell(s, `kubectl holdfast stats ${name} $AS`);
  expect(stats, stats.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/^mirror .*: restored /) });

  await noReadersLeft(s);
  await s.expectNothingLeft();
});
