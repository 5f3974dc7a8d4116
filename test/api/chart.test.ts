import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { catalogue, ownCatalogue } from "../../src/controller/metrics/catalogue.ts";
import { runnerEnv } from "../../src/runner/contract.ts";
import { applyDefinitions, attempt, kubectl, root, run, useNamespace } from "./cluster.ts";
import { baseFile, renderBase } from "./kustomize-base.ts";

beforeAll(applyDefinitions);

interface Manifest {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Record<string, string>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: any field of any kind
  readonly [field: string]: any;
}

const parse = (yaml: string): readonly Manifest[] =>
  parseAllDocuments(yaml).flatMap((document) => (document.toJS() as Manifest | null) ?? []);

/** The chart as it is installed for the first time. */
const render = (...values: readonly string[]): readonly Manifest[] =>
  parse(run("helm", ["template", "holdfast", "charts/holdfast", "--namespace", "holdfast-system", ...values]));

const serverDryRun = (manifests: readonly Manifest[]) =>
  attempt(
    "kubectl",
    ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-"],
    JSON.stringify({ apiVersion: "v1", kind: "List", items: manifests }),
  );

const find = (manifests: readonly Manifest[], kind: string, name: string): Manifest => {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (!found) throw new Error(`the chart has no ${kind} ${name}`);
  return found;
};

const containerOf = (manifests: readonly Manifest[]) =>
  find(manifests, "Deployment", "holdfast").spec.template.spec.containers[0];

const variablesOf = (container: { env: { name: string; value?: string }[] }) =>
  Object.fromEntries(container.env.map(({ name, value }) => [name, value]));

describe("the Helm chart", () => {
  const namespace = useNamespace("api-chart");

  test("passes helm's own checks", () => {
    expect(attempt("helm", ["lint", "--strict", "charts/holdfast"])).toMatchObject({ ok: true });
  });

  test("is taken whole by the API server", () => {
    const manifests = render("--namespace", namespace);
    expect(serverDryRun(manifests)).toMatchObject({ ok: true });
    expect(manifests.filter((manifest) => manifest.kind === "CustomResourceDefinition")).toHaveLength(5);
  });

  test("is taken with every value set", () => {
    const manifests = render(
      `--namespace=${namespace}`,
      "--set=replicaCount=2,logLevel=debug,namespaceSelector=team=shop,priorityClassName=system-cluster-critical",
      "--set=imagePullSecrets[0].name=registry,nodeSelector.disk=ssd,podLabels.a=b,podAnnotations.c=d",
      "--set=tolerations[0].operator=Exists,topologySpreadConstraints[0].maxSkew=1",
      "--set=topologySpreadConstraints[0].topologyKey=zone,topologySpreadConstraints[0].whenUnsatisfiable=ScheduleAnyway",
      "--set=serviceAccount.annotations.role=x,metrics.service.annotations.scrape=yes",
    );
    expect(serverDryRun(manifests)).toMatchObject({ ok: true });
    expect(find(manifests, "Deployment", "holdfast").spec.replicas).toBe(2);
    expect(variablesOf(containerOf(manifests)).HOLDFAST_NAMESPACE_SELECTOR).toBe("team=shop");
  });

  test("tells the operator which image its movers run, and where it is", () => {
    const container = containerOf(render("--set-string=image.repository=registry.example.com/h,image.tag=7"));
    expect(container.image).toBe("registry.example.com/h:7");
    expect(variablesOf(container)[runnerEnv.image]).toBe("registry.example.com/h:7");
    expect(variablesOf(container)[runnerEnv.imagePullPolicy]).toBe("IfNotPresent");
    expect(Object.keys(variablesOf(container))).toContain(runnerEnv.namespace);
  });

  test("runs the operator in a namespace that allows restricted pods only", () => {
    const level = "pod-security.kubernetes.io/enforce=restricted";
    kubectl("label", "namespace", namespace, level, "pod-security.kubernetes.io/warn=restricted");
    const { metadata, spec } = find(render(), "Deployment", "holdfast").spec.template;
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...metadata, name: "operator", namespace },
      spec: { ...spec, serviceAccountName: "default" },
    };
    expect(serverDryRun([pod])).toMatchObject({ ok: true, stderr: "" });
  });

  test("has no ServiceMonitor unless asked, and its metrics keep their own namespace label", () => {
    expect(render().map((manifest) => manifest.kind)).not.toContain("ServiceMonitor");
    const monitor = find(render("--set=metrics.serviceMonitor.enabled=true"), "ServiceMonitor", "holdfast");
    const service = find(render(), "Service", "holdfast-metrics");
    expect(monitor.spec.endpoints).toEqual([{ port: "metrics", interval: "30s", honorLabels: true }]);
    expect(service.metadata).toMatchObject({ labels: monitor.spec.selector.matchLabels });
  });

  test("has no alerts unless asked, and those ask for metrics and labels that exist", () => {
    expect(render().map((manifest) => manifest.kind)).not.toContain("PrometheusRule");
    const rule = find(render("--set=metrics.prometheusRule.enabled=true"), "PrometheusRule", "holdfast");
    const alerts: readonly { alert: string; expr: string }[] = rule.spec.groups[0].rules;
    const ownHealth = ["HoldfastDown", "HoldfastNoLeader", "HoldfastNotWorking", "HoldfastCacheStale"];
    expect(alerts.map(({ alert }) => alert)).toEqual(expect.arrayContaining([...ownHealth, "HoldfastTargetNotReady"]));
    const known = alerts.filter(({ alert }) => !ownHealth.includes(alert));
    expect(known.length).toBeGreaterThan(0);
    for (const { expr } of known) {
      const asked = [...expr.matchAll(/(\w+)\{([^}]*)\}/g)];
      expect(asked, expr).not.toEqual([]);
      for (const [, metric, selector] of asked) {
        const labels = [...(selector ?? "").matchAll(/(\w+)="/g)].map(([, label]) => label);
        expect(Object.keys(catalogue), expr).toContain(metric);
        expect(catalogue[metric as keyof typeof catalogue].labels, expr).toEqual(expect.arrayContaining(labels));
      }
    }
  });

  test("has no dashboard unless asked, and that one is the file, as Grafana's sidecar takes it up", () => {
    expect(render().map((manifest) => manifest.metadata.name)).not.toContain("holdfast-dashboard");
    const made = render("--set=metrics.dashboard.enabled=true,metrics.dashboard.annotations.grafana_folder=Backups");
    const { metadata, data } = find(made, "ConfigMap", "holdfast-dashboard");
    expect(metadata).toMatchObject({ labels: { grafana_dashboard: "1" }, annotations: { grafana_folder: "Backups" } });
    const file = readFileSync(`${root}/charts/holdfast/files/dashboard.json`, "utf8");
    expect(JSON.parse(data["holdfast.json"])).toEqual(JSON.parse(file));
  });

  test.each(["holdfast", "other"])("has alerts about the operator's own health that find the release %s", (release) => {
    const manifests = parse(
      run("helm", [
        "template",
        release,
        "charts/holdfast",
        "--namespace=backup-system",
        "--set=metrics.prometheusRule.enabled=true,metrics.serviceMonitor.enabled=true",
      ]),
    );
    const monitor = manifests.find(({ kind }) => kind === "ServiceMonitor");
    const service = manifests.find(({ kind }) => kind === "Service");
    const rule = manifests.find(({ kind }) => kind === "PrometheusRule");
    // Prometheus calls a job by the Service's name where the ServiceMonitor does not say otherwise.
    expect(monitor?.spec.jobLabel).toBeUndefined();
    const alerts: readonly { alert: string; expr: string }[] = rule?.spec.groups[0].rules;
    const metrics = Object.keys({ ...catalogue, ...ownCatalogue });
    const jobs = alerts.flatMap(({ expr }) => [...expr.matchAll(/\bjob="([^"]*)"/g)].map(([, job]) => job));
    const namespaces = alerts.flatMap(({ expr }) =>
      [...expr.matchAll(/\bnamespace="([^"]*)"/g)].map(([, name]) => name),
    );
    const asked = alerts.flatMap(({ expr }) => expr.match(/\bholdfast_\w+/g) ?? []);
    expect(new Set(jobs)).toEqual(new Set([service?.metadata.name]));
    expect(new Set(namespaces)).toEqual(new Set(["backup-system"]));
    expect(asked).toContain("holdfast_leader");
    expect(metrics).toEqual(expect.arrayContaining(asked));
  });

  test.each([
    ["is not there yet", undefined, true],
    ["is its own", { "release-name": "holdfast", "release-namespace": "holdfast-system" }, true],
    ["is another release's", { "release-name": "other", "release-namespace": "holdfast-system" }, false],
    ["is that of its namesake elsewhere", { "release-name": "holdfast", "release-namespace": "elsewhere" }, false],
    ["was applied without Helm", {}, false],
  ])("installs a definition that %s: %j, %s", (_, marks, expected) => {
    const annotations = Object.entries(marks ?? {}).map(([key, value]) => [`meta.helm.sh/${key}`, value]);
    const present = marks && { metadata: { annotations: Object.fromEntries(annotations) } };
    expect(askWhetherOwned(present)).toBe(expected);
    if (marks && annotations.length === 0) expect(askWhetherOwned({ metadata: {} })).toBe(false);
  });

  test("keeps the definitions when it is uninstalled: with them every restore point would go", () => {
    const definitions = render().filter((manifest) => manifest.kind === "CustomResourceDefinition");
    for (const { metadata } of definitions) expect(metadata.annotations).toEqual({ "helm.sh/resource-policy": "keep" });
    expect(render("--set=crds.install=false").some((manifest) => manifest.kind === "CustomResourceDefinition")).toBe(
      false,
    );
  });

  test("can be installed under another name: the parts of the operator itself carry it", () => {
    const manifests = parse(run("helm", ["template", "other", "charts/holdfast", "--namespace", namespace]));
    expect(find(manifests, "Deployment", "other-holdfast").metadata.namespace).toBe(namespace);
    expect(find(manifests, "ClusterRoleBinding", "other-holdfast-controller").subjects[0].name).toBe("other-holdfast");
  });

  test.each([
    ["an unknown value", "--set=replicas=2"],
    ["a log level that does not exist", "--set=logLevel=chatty"],
    ["replicas in words", "--set-string=replicaCount=two"],
    ["an empty repository", "--set=image.repository="],
  ])("refuses %s", (_, value) => {
    const { ok, stderr } = attempt("helm", ["template", "holdfast", "charts/holdfast", value]);
    expect(stderr).toContain("values don't meet the specifications of the schema");
    expect(ok).toBe(false);
  });
});

describe("the kustomize base", () => {
  test("is what the chart says: else run `node test/api/kustomize-base.ts`", () => {
    expect(readFileSync(baseFile, "utf8")).toBe(renderBase());
  });

  test("is taken whole by the API server", () => {
    const manifests = parse(kubectl("kustomize", "config/base"));
    const [namespaces, others] = [
      manifests.filter(isNamespace),
      manifests.filter((manifest) => !isNamespace(manifest)),
    ];
    expect(namespaces).toHaveLength(1);
    expect(serverDryRun(namespaces)).toMatchObject({ ok: true });
    // A dry run makes no namespace, so what is in it is tried in one that is there.
    expect(serverDryRun(others.map((manifest) => inNamespace(manifest, "default")))).toMatchObject({ ok: true });
  });

  test("takes an image by an overlay, and the operator is told of it", () => {
    const container = containerOf(parse(kubectl("kustomize", "config/example")));
    expect(container.image).toBe("registry.example.com/holdfast:0.1.0");
    expect(variablesOf(container)[runnerEnv.image]).toBe(container.image);
  });
});

describe("the samples", () => {
  const namespace = useNamespace("api-samples");

  test.each(["kustomization", "restore", "backuppolicy-differential"])("%s is taken by the API server", (file) => {
    const yaml =
      file === "kustomization"
        ? kubectl("kustomize", "config/samples")
        : readFileSync(`${root}/config/samples/${file}.yaml`, "utf8");
    const manifests = parse(yaml).map((manifest) => inNamespace(manifest, namespace));
    expect(manifests.length).toBeGreaterThan(0);
    expect(serverDryRun(manifests)).toMatchObject({ ok: true });
  });

  test("Argo CD's health checks are one for each kind with conditions", () => {
    const [configMap] = parse(readFileSync(`${root}/config/argocd/health-checks.yaml`, "utf8"));
    const kinds = ["BackupPolicy", "BackupTarget", "RestoreTest", "Restore"];
    expect(Object.keys(configMap?.data)).toEqual(
      kinds.map((kind) => `resource.customizations.health.holdfast.dev_${kind}`),
    );
    expect(serverDryRun([inNamespace(configMap as Manifest, namespace)])).toMatchObject({ ok: true });
  });
});

/** What the chart says of a definition in the cluster, which nothing is looked up in when a chart is only rendered. */
function askWhetherOwned(present: object | undefined): boolean {
  const chart = mkdtempSync(`${tmpdir()}/holdfast-chart-`);
  try {
    mkdirSync(`${chart}/templates`);
    copyFileSync(`${root}/charts/holdfast/templates/_definitions.tpl`, `${chart}/templates/_definitions.tpl`);
    writeFileSync(`${chart}/Chart.yaml`, "{ apiVersion: v2, name: asks, version: 0.1.0 }");
    const asked = '(dict "present" .Values.present "release" .Release)';
    writeFileSync(
      `${chart}/templates/answer.yaml`,
      `owned: {{ include "holdfast.ownsDefinition" ${asked} | eq "true" }}`,
    );
    writeFileSync(`${chart}/values.yaml`, JSON.stringify({ present: present ?? {} }));
    return parse(run("helm", ["template", "holdfast", chart, "--namespace=holdfast-system"]))[0]?.owned;
  } finally {
    rmSync(chart, { recursive: true });
  }
}

const isNamespace = (manifest: Manifest): boolean => manifest.kind === "Namespace";

const clusterKinds = ["CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "Namespace"];

const inNamespace = (manifest: Manifest, namespace: string): Manifest =>
  clusterKinds.includes(manifest.kind) ? manifest : { ...manifest, metadata: { ...manifest.metadata, namespace } };
