import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attempt, kubectl, run, useNamespace } from "./cluster.ts";

/**
 * Who may do what, asked of the API server. The chart's roles are applied under names of their own, beside those of a release that
 * may be installed.
 */

const namespace = useNamespace("api-rbac");
const elsewhere = useNamespace("api-rbac-elsewhere");
const prefix = `rbac-${process.pid}`;
const runnerRole = `${prefix}-runner`;

const controller = `system:serviceaccount:${namespace}:${prefix}-holdfast`;
const runner = `system:serviceaccount:${namespace}:${runnerRole}`;
/** Movers, checks and probes run without a token; were one mounted, it would be this one. */
const mover = `system:serviceaccount:${namespace}:default`;

let roles: string | undefined;

beforeAll(() => {
  const templates = ["controller-roles", "runner-roles", "serviceaccount"];
  const shown = templates.map((name) => `--show-only=templates/${name}.yaml`);
  const release = ["template", `${prefix}-holdfast`, "charts/holdfast", `--namespace=${namespace}`];
  roles = run("helm", [...release, ...shown]).replaceAll("holdfast-runner", runnerRole);
  run("kubectl", ["apply", "--server-side", "-f", "-"], roles);
  // As the controller does it for a namespace with runs.
  kubectl("-n", namespace, "create", "serviceaccount", runnerRole);
  const subject = `--serviceaccount=${namespace}:${runnerRole}`;
  expect(asController("create", "rolebinding", runnerRole, `--clusterrole=${runnerRole}`, subject).ok).toBe(true);
  const binding = JSON.parse(kubectl("get", "clusterrolebinding", `${runnerRole}-cluster-read`, "-o", "json"));
  const changed = { ...binding, subjects: [{ kind: "ServiceAccount", name: runnerRole, namespace }] };
  expect(tryAs(controller, ["replace", "-f", "-"], JSON.stringify(changed))).toMatchObject({ ok: true });
});

afterAll(() => {
  if (roles) run("kubectl", ["delete", "--wait=false", "--ignore-not-found", "-f", "-"], roles);
});

const tryAs = (user: string, args: readonly string[], input?: string) => {
  const groups = ["system:serviceaccounts", "system:authenticated"].map((group) => `--as-group=${group}`);
  return attempt("kubectl", [`--as=${user}`, ...groups, `--namespace=${namespace}`, ...args], input);
};

const asController = (...args: readonly string[]) => tryAs(controller, args);

/** Those of the acts that the user may do. An act is a verb and `group/resource`, with `:subresource` and ` name` if need be. */
function allowed(user: string, acts: readonly string[], where = namespace): readonly string[] {
  const items = acts.map((act) => ({
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: {
      user,
      groups: ["system:serviceaccounts", "system:authenticated"],
      resourceAttributes: { ...attributesOf(act), namespace: where },
    },
  }));
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  const answers = run("kubectl", ["create", "-f", "-", "-o", "jsonpath={.status.allowed} "], list).trim().split(/\s+/);
  expect(answers).toHaveLength(acts.length);
  return acts.filter((_, index) => answers[index] === "true");
}

function attributesOf(act: string) {
  const [verb = "", path = "", name] = act.split(" ");
  const [resource = "", group = ""] = path.split("/").reverse();
  const [plural = "", subresource] = resource.split(":");
  return { verb, group, resource: plural, ...(subresource ? { subresource } : {}), ...(name ? { name } : {}) };
}

const every = (verbs: readonly string[], resource: string): readonly string[] =>
  verbs.map((verb) => `${verb} ${resource}`);

/** What no part of Holdfast may do: any of it would let it out of its rights. */
const ways = [
  ...every(["get", "list", "watch", "create", "update", "patch", "delete"], "secrets"),
  ...every(["create", "patch"], "pods"),
  "create pods:exec",
  "create pods:attach",
  "patch pods:ephemeralcontainers",
  "create serviceaccounts:token",
  ...every(["escalate", "create", "patch"], "rbac.authorization.k8s.io/clusterroles"),
  ...every(["escalate", "create", "patch"], "rbac.authorization.k8s.io/roles"),
  "create rbac.authorization.k8s.io/clusterrolebindings",
  "bind rbac.authorization.k8s.io/clusterroles cluster-admin",
  "impersonate users",
  "impersonate serviceaccounts",
  "patch nodes",
  "patch namespaces",
  "delete namespaces",
  "create persistentvolumes",
  "delete persistentvolumes",
];

test.each([
  ["the controller", controller],
  ["the runner", runner],
  ["the mover", mover],
])("%s reads no Secret and has no way out of its rights", (_, user) => {
  expect(allowed(user, ways)).toEqual([]);
});

test("the mover has no right at all", () => {
  const acts = ["jobs", "pods", "configmaps", "persistentvolumeclaims"].flatMap((resource) =>
    every(["get", "list", "create", "patch", "delete"], resource),
  );
  expect(allowed(mover, [...acts, "get holdfast.dev/backuptargets", "get coordination.k8s.io/leases"])).toEqual([]);
});

describe("the runner", () => {
  test("may do its work in the namespace of its policy", () => {
    const acts = [
      ...every(["get"], "holdfast.dev/backuppolicies"),
      ...every(["get"], "holdfast.dev/backuptargets"),
      ...every(["get", "list", "create", "delete"], "holdfast.dev/restorepoints"),
      "patch holdfast.dev/restorepoints:status",
      "patch holdfast.dev/restores:status",
      "patch holdfast.dev/restoretests:status",
      ...every(["get", "create", "delete"], "snapshot.storage.k8s.io/volumesnapshots"),
      ...every(["get", "list", "create", "patch", "delete"], "persistentvolumeclaims"),
      ...every(["get", "create", "delete"], "batch/jobs"),
      ...every(["get", "list"], "pods"),
      "get pods:log",
      ...every(["get", "create", "delete"], "configmaps"),
      ...every(["get", "create", "update", "patch", "delete"], "coordination.k8s.io/leases"),
      ...every(["get", "list", "create", "patch"], "events"),
      // Of the cluster as a whole:
      "get persistentvolumes",
      "get nodes",
      "list storage.k8s.io/storageclasses",
      "list snapshot.storage.k8s.io/volumesnapshotclasses",
      "get snapshot.storage.k8s.io/volumesnapshotcontents",
      "get namespaces kube-system",
    ];
    expect(allowed(runner, acts)).toEqual(acts);
  });

  test("may not change what people asked for, make schedules or hand out rights", () => {
    const acts = [
      ...every(["create", "update", "patch", "delete"], "holdfast.dev/backuppolicies"),
      ...every(["create", "update", "patch", "delete"], "holdfast.dev/backuptargets"),
      ...every(["update", "patch"], "holdfast.dev/restorepoints"),
      "patch holdfast.dev/backuppolicies:status",
      ...every(["create", "patch"], "batch/cronjobs"),
      "patch batch/jobs",
      ...every(["create", "patch"], "rbac.authorization.k8s.io/rolebindings"),
      ...every(["create", "patch"], "serviceaccounts"),
      ...every(["create", "patch", "delete"], "snapshot.storage.k8s.io/volumesnapshotcontents"),
      "patch persistentvolumes",
      "list namespaces",
      "get namespaces default",
      "delete pods",
    ];
    expect(allowed(runner, acts)).toEqual([]);
  });

  test("may do nothing in another namespace", () => {
    const resources = ["persistentvolumeclaims", "batch/jobs", "holdfast.dev/restorepoints", "pods", "configmaps"];
    const acts = resources.flatMap((resource) => every(["get", "list", "create", "delete"], resource));
    expect(allowed(runner, acts, elsewhere)).toEqual([]);
  });
});

describe("the controller", () => {
  test("may do its work in every namespace", () => {
    const acts = [
      ...every(["get", "list", "watch"], "holdfast.dev/backuppolicies"),
      ...every(["list", "watch"], "holdfast.dev/restorepoints"),
      "patch holdfast.dev/backuppolicies:status",
      "patch holdfast.dev/backuptargets:status",
      "patch holdfast.dev/restoretests:status",
      "patch holdfast.dev/restores:status",
      ...every(["list", "watch", "create", "update", "patch", "delete"], "batch/cronjobs"),
      ...every(["list", "watch", "create", "delete"], "batch/jobs"),
      ...every(["list", "watch"], "pods"),
      ...every(["list", "watch"], "persistentvolumeclaims"),
      ...every(["list", "watch"], "storage.k8s.io/storageclasses"),
      ...every(["list", "create", "patch"], "events"),
      ...every(["create", "delete"], "configmaps"),
      "patch holdfast.dev/restorepoints:status",
      ...every(["list", "delete"], "snapshot.storage.k8s.io/volumesnapshots"),
    ];
    expect(allowed(controller, acts, elsewhere)).toEqual(acts);
  });

  test("may not change what people asked for, nor look into ConfigMaps, logs or volumes", () => {
    const acts = [
      ...every(["create", "update", "patch", "delete"], "holdfast.dev/backuppolicies"),
      ...every(["create", "update", "patch", "delete"], "holdfast.dev/restorepoints"),
      ...every(["create", "patch"], "persistentvolumeclaims"),
      ...every(["create", "patch"], "snapshot.storage.k8s.io/volumesnapshots"),
      ...every(["get", "list", "watch"], "configmaps"),
      "get persistentvolumes",
      "patch batch/jobs",
      "get pods:log",
      "delete pods",
      "delete serviceaccounts default",
      "delete rbac.authorization.k8s.io/rolebindings others",
      "patch rbac.authorization.k8s.io/clusterrolebindings cluster-admin",
    ];
    expect(allowed(controller, acts, elsewhere)).toEqual([]);
  });

  test("holds Leases in its own namespace only", () => {
    const acts = every(["get", "create", "update"], "coordination.k8s.io/leases");
    expect(allowed(controller, acts, namespace)).toEqual(acts);
    expect(allowed(controller, acts, elsewhere)).toEqual([]);
  });

  test("may bind the runner's role, and no other", () => {
    const bind = (role: string) =>
      asController("create", "rolebinding", "a", `--clusterrole=${role}`, "--user=x", "--dry-run=server");
    expect(bind(runnerRole)).toMatchObject({ ok: true });
    expect(bind("admin").stderr).toContain("attempting to grant RBAC permissions not currently held");
    expect(bind("view").stderr).toContain("attempting to grant RBAC permissions not currently held");
    const everywhere = ["create", "clusterrolebinding", "a", `--clusterrole=${runnerRole}`, "--user=x"];
    expect(asController(...everywhere, "--dry-run=server").stderr).toContain("forbidden");
  });
});
