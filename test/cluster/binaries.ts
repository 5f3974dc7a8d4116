import { copyFile, mkdtemp, rename, symlink } from "node:fs/promises";
import { join } from "node:path";
import { exists } from "./files.ts";
import { compilePrograms, type GoModule, programFolder } from "./go-programs.ts";
import { step } from "./progress.ts";
import { run } from "./run.ts";
import { checkout } from "./settings.ts";

const kubernetesVersion = "v1.36.1";

/** The Go package each program is built from, relative to the module or in a module it requires. */
const packages = {
  kubernetes: "./kubernetes",
  "csi-driver": "./csi-driver",
  pause: "./pause",
  "csi-snapshotter": "github.com/kubernetes-csi/external-snapshotter/v8/cmd/csi-snapshotter",
  "snapshot-controller": "github.com/kubernetes-csi/external-snapshotter/v8/cmd/snapshot-controller",
  versitygw: "github.com/versity/versitygw/cmd/versitygw",
  helm: "helm.sh/helm/v4/cmd/helm",
} as const;

/** Names by which the program `kubernetes` is called, each a component. */
const components = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "kubectl",
] as const;

type Package = keyof typeof packages;
export type Program = Exclude<Package, "kubernetes"> | (typeof components)[number];

/** Every program that can be asked for by name. */
export const programs: readonly Program[] = [
  ...components,
  ...(Object.keys(packages) as Package[]).filter((name) => name !== "kubernetes"),
];

const linkerFlags = (() => {
  const variables = { gitVersion: kubernetesVersion, gitMajor: "1", gitMinor: kubernetesVersion.split(".")[1] };
  const settings = Object.entries(variables).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  );
  return ["-s -w", ...settings].join(" ");
})();
const module: GoModule = {
  folder: join(checkout, "test/cluster/tools"),
  flags: ["-trimpath", "-buildvcs=false", "-ldflags", linkerFlags],
};

/** Builds every program of the cluster, or finds them in the cache; returns the folder they are in. */
export async function ensureBinaries(): Promise<string> {
  return build(Object.keys(packages) as Package[]);
}

/** Builds one program, or finds it in the cache, and returns its path: a test may need only the S3 server. */
export async function ensureBinary(program: Program): Promise<string> {
  const isComponent = components.some((name) => name === program);
  const folder = await build([isComponent ? "kubernetes" : (program as Package)]);
  return join(folder, program);
}

/** The folder of the snapshot CRDs beside the programs. */
export const snapshotDefinitions = (binaries: string) => join(binaries, "snapshot-crds");

async function build(wanted: readonly Package[]): Promise<string> {
  const folder = await programFolder(module);
  const missing: Package[] = [];
  for (const name of wanted) if (!(await exists(join(folder, name)))) missing.push(name);
  if (missing.length > 0) {
    const hint = missing.includes("kubernetes") ? " (once per machine, about 7 minutes on two cores)" : "";
    const sources = missing.map((name) => packages[name]);
    await step(`building ${missing.join(" ")}${hint}`, () => compilePrograms(module, sources, folder));
  }
  if (wanted.includes("kubernetes")) {
    await linkComponents(folder);
    await copySnapshotDefinitions(folder);
  }
  return folder;
}

async function linkComponents(folder: string): Promise<void> {
  for (const name of components) {
    if (await exists(join(folder, name))) continue;
    await symlink("kubernetes", join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

/** The CRDs of VolumeSnapshots come in a Go module; beside the programs they are at hand without Go's module cache. */
async function copySnapshotDefinitions(folder: string): Promise<void> {
  const target = snapshotDefinitions(folder);
  if (await exists(target)) return;
  const name = "github.com/kubernetes-csi/external-snapshotter/client/v8";
  await run(["go", "mod", "download", name], { cwd: module.folder });
  const source = (await run(["go", "list", "-m", "-f", "{{.Dir}}", name], { cwd: module.folder })).trim();
  const scratch = await mkdtemp(`${target}.copying-`);
  for (const kind of ["volumesnapshotclasses", "volumesnapshotcontents", "volumesnapshots"]) {
    const file = `snapshot.storage.k8s.io_${kind}.yaml`;
    await copyFile(join(source, "config/crd", file), join(scratch, file));
  }
  await rename(scratch, target);
}
