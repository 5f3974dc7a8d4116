import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { expect } from "vitest";
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
  };
  return new Promise((resolve) => {
    execFile("bash", ["-c", `set -o pipefail; ${line}`], { env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

const readers = "app.kubernetes.io/managed-by=kubectl-holdfast";

scenario("gets at a restore point's files with kubectl alone, and leaves nothing behind", "plugin", async (s) => {
  await s.runApplication(busyApplication);
  await s.apply(policy("shop"));
  await until("the schedules' CronJobs", async () =>
    (await kubectl("-n", s.namespace, "get", "cronjobs", "-o", "name")).includes("shop-full"),
  );

  expect(await shell(s, "kubectl holdfast backup shop -n $N")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("choose one with --schedule (full, incremental)"),
  });
  const backup = await shell(s, "kubectl holdfast backup shop --schedule full --namespace $N");
  expect(backup, backup.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining("data-") });
  const [point] = await s.points();
  const name = point?.metadata.name;

  const ls = await shell(s, `kubectl holdfast ls ${name} static -l -n $N`);
  expect(ls, ls.stderr).toMatchObject({ code: 0, stderr: "" });
  expect(ls.stdout).toMatch(/^urw?.* \/data\/static\/zeros$/m);
  const dump = await shell(s, `kubectl holdfast dump ${name} static/large --target offsite -n $N | sha256sum`);
  expect(dump, dump.stderr).toMatchObject({ code: 0 });
  expect(dump.stdout.slice(0, 64)).toBe((await s.inApplication("sha256sum /data/static/large")).slice(0, 64));
  const tar = await shell(s, `kubectl holdfast tar ${name} static -n $N | tar --list --verbose`);
  expect(tar, tar.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/^hrw.* link to /m) });

  const missing = await shell(s, `kubectl holdfast dump ${name} nothing -n $N`);
  expect(missing).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("«nothing» is not in snapshot"),
  });
  const cut = await shell(s, `kubectl holdfast dump ${name} static/large -n $N | head -c 100 | wc -c`);
  expect(cut.stdout.trim()).toBe("100");
  expect(await shell(s, "kubectl holdfast ls no-such-point -n $N")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("not found"),
  });

  await until("the readers to be gone", async () => {
    const left = await Promise.all(
      [jobs, pods].map((each) => client.list<never>(each as never, { namespace: s.namespace, labelSelector: readers })),
    );
    return left.every(({ items }) => items.length === 0);
  });
  await s.expectNothingLeft();
  // No lock is left either: a prune would have to wait for it.
  for (const { target, repository = "" } of point?.status?.copies ?? []) {
    expect(await checkRepository(target as never, repository)).toContain("no errors were found");
  }
});
