import { writeFileSync } from "node:fs";
import { parseAllDocuments, stringify } from "yaml";
import { root, run } from "./cluster.ts";

/**
 * The kustomize base is the chart, rendered once, without what only Helm needs. `node test/api/kustomize-base.ts` writes it anew
 * (it needs the helm of the test cluster); a test fails where it is not what the chart says.
 */

export const baseFile = `${root}/config/base/operator.yaml`;

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly labels?: Record<string, string> };
  readonly spec?: { readonly template?: { readonly metadata?: { readonly labels?: Record<string, string> } } };
}

export function renderBase(): string {
  const rendered = run("helm", [
    "template",
    "holdfast",
    "charts/holdfast",
    "--namespace=holdfast-system",
    "--set=crds.install=false",
  ]);
  const manifests = parseAllDocuments(rendered).flatMap((document) => (document.toJS() as Manifest | null) ?? []);
  for (const manifest of manifests) {
    withoutHelm(manifest.metadata.labels);
    withoutHelm(manifest.spec?.template?.metadata?.labels);
  }
  const note = "# Rendered from charts/holdfast by `node test/api/kustomize-base.ts`; do not edit.\n";
  return note + manifests.map((manifest) => stringify(manifest, { lineWidth: 0 })).join("---\n");
}

function withoutHelm(labels: Record<string, string> | undefined): void {
  if (!labels) return;
  delete labels["helm.sh/chart"];
  delete labels["app.kubernetes.io/managed-by"];
}

if (import.meta.main) writeFileSync(baseFile, renderBase());
