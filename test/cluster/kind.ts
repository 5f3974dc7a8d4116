import { join } from "node:path";
import { ensureBinaries } from "./binaries.ts";
import { removeEnvironments, writeEnvironment } from "./env.ts";
import { type Image, secrets, withImage } from "./image.ts";
import { installHoldfast } from "./install.ts";
import { kubectlFor } from "./kubectl.ts";
import { locked } from "./lock.ts";
import { say, step } from "./progress.ts";
import type { Provider, UpOptions } from "./provider.ts";
import { attempt, run } from "./run.ts";
import { ensureBucket } from "./s3.ts";
import { cacheFolder, checkout, environmentFile, outputFolder, region, type Store, stores } from "./settings.ts";
import { ensureStorageObjects } from "./storage.ts";

// UNTRIED: no Docker engine was at hand where this was written. It puts the same programs as the embedded cluster has
// (CSI driver, snapshot controller, S3 stores) into the one node of a kind cluster, so that both offer the same.

const version = "v0.33.0";
const cluster = "holdfast-test";
const node = `${cluster}-control-plane`;
const kubeconfig = join(outputFolder, "kind.kubeconfig");
const folder = "/holdfast"; // inside the node
const inside = ["docker", "exec", node];

export const kind: Provider = {
  up: async (options) => {
    await locked(() => up(options));
    say(`the cluster is ready; to use it: . ${environmentFile}`);
  },
  down: async () => {
    await locked(async () => {
      await run([await ensureKind(), "delete", "cluster", "--name", cluster]);
      await removeEnvironments();
    });
    say("the cluster is removed");
  },
};

async function up({ withHoldfast }: UpOptions): Promise<void> {
  const program = await ensureKind();
  const binaries = await ensureBinaries();
  const known = (await run([program, "get", "clusters"])).split("\n");
  if (!known.includes(cluster)) {
    const create = [program, "create", "cluster", "--name", cluster, "--kubeconfig", kubeconfig, "--wait", "3m"];
    await step("creating a kind cluster", () => run(create));
  }
  await run([program, "export", "kubeconfig", "--name", cluster, "--kubeconfig", kubeconfig]);
  const kubectl = kubectlFor(binaries, kubeconfig);
  const host = await nodeAddress();
  await step("storage and S3 stores", async () => {
    await ensureStorageObjects(kubectl, binaries);
    await ensurePrograms(binaries);
    for (const store of stores) await ensureBucket(store, host);
  });
  const image = await withImage((current) => loadImage(program, current));
  if (withHoldfast) {
    await step("installing Holdfast", () => installHoldfast({ binaries, kubeconfig, kubectl, image }));
  }
  const endpoints = stores.map((store) => [`${store.name.toUpperCase()}_ENDPOINT`, `http://${host}:${store.port}`]);
  await writeEnvironment({ binaries, kubeconfig, image: image.reference, given: Object.fromEntries(endpoints) });
}

async function ensureKind(): Promise<string> {
  const bin = join(cacheFolder, "kind", version);
  await run(["go", "install", `sigs.k8s.io/kind@${version}`], { environment: { GOBIN: bin, CGO_ENABLED: "0" } });
  return join(bin, "kind");
}

async function loadImage(program: string, image: Image): Promise<Image> {
  const build = ["docker", "build", ...(await secrets()), "--tag", image.reference, checkout];
  await step("building the image", () => run(build));
  await step("loading the image", () => run([program, "load", "docker-image", image.reference, "--name", cluster]));
  return image;
}

/** The node's address in Docker's network, which its pods and, on Linux, the host reach. */
async function nodeAddress(): Promise<string> {
  const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
  return (await run(["docker", "inspect", "--format", format, node])).trim();
}

/** Puts the programs into the node and starts those that do not run. */
async function ensurePrograms(binaries: string): Promise<void> {
  await run([...inside, "mkdir", "-p", `${folder}/volumes`]);
  await run([...inside, "sh", "-ec", prepareDisk]);
  const socket = "/var/lib/kubelet/plugins/btrfs.holdfast.dev/csi.sock";
  const access = "--kubeconfig=/etc/kubernetes/admin.conf";
  const driver = [`--node=${node}`, `--volumes=${folder}/volumes`, "--kubelet-root=/var/lib/kubelet"];
  await ensureProgram(binaries, "csi-driver", [access, ...driver]);
  await ensureProgram(binaries, "snapshot-controller", [access]);
  await ensureProgram(binaries, "csi-snapshotter", [access, `--csi-address=${socket}`]);
  for (const store of stores) await ensureStore(binaries, store);
}

const prepareDisk = `
  mountpoint --quiet ${folder}/volumes && exit
  command -v mkfs.btrfs || { apt-get update && apt-get install --yes btrfs-progs; }
  [ -e ${folder}/volumes.img ] || { truncate --size 64G ${folder}/new.img && mkfs.btrfs ${folder}/new.img && mv ${folder}/new.img ${folder}/volumes.img; }
  mount -o loop,noatime ${folder}/volumes.img ${folder}/volumes`;

async function ensureProgram(binaries: string, name: string, args: readonly string[]): Promise<void> {
  const path = `${folder}/${name}`;
  if ((await attempt([...inside, "pgrep", "--full", `^${path} `])).code === 0) return;
  await run(["docker", "cp", "--follow-link", join(binaries, name), `${node}:${path}`]);
  await run(["docker", "exec", "--detach", node, path, ...args]);
}

async function ensureStore(binaries: string, store: Store): Promise<void> {
  const data = `${folder}/s3/${store.name}`;
  if ((await attempt([...inside, "pgrep", "--full", `versitygw.*${data}/data`])).code === 0) return;
  await run([...inside, "mkdir", "-p", `${data}/data`, `${data}/versions`]);
  await run(["docker", "cp", "--follow-link", join(binaries, "versitygw"), `${node}:${folder}/versitygw`]);
  const keys = ["--env", `ROOT_ACCESS_KEY=${store.accessKey}`, "--env", `ROOT_SECRET_KEY=${store.secretKey}`];
  const listen = ["--port", `:${store.port}`, "--region", region, "--health", "/health", "--quiet"];
  const backend = ["posix", "--versioning-dir", `${data}/versions`, `${data}/data`];
  await run(["docker", "exec", "--detach", ...keys, node, `${folder}/versitygw`, ...listen, ...backend]);
}
