import { join } from "node:path";
import { writeWhole } from "../files.ts";
import { listens } from "../probe.ts";
import type { Component } from "../processes.ts";
import { attempt, run, succeeds } from "../run.ts";
import { bridge, containerdSocket, podRange, stateFolder } from "../settings.ts";

export const pauseImage = "holdfast.local/pause:1";
const configurationFile = join(stateFolder, "containerd/config.toml");
const networksFolder = join(stateFolder, "cni");
const ctr = ["ctr", "--address", containerdSocket, "--namespace", "k8s.io"];

// Everything containerd keeps is under the state folder, so that it shares nothing with another containerd here.
// restrict_oom_score_adj: without it a machine lacking CAP_SYS_RESOURCE cannot start any container.
const configuration = `version = 2
root = "${stateFolder}/containerd/root"
state = "${stateFolder}/containerd/state"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]

[grpc]
  address = "${containerdSocket}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${networksFolder}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        Root = "${stateFolder}/containerd/runc"

[plugins."io.containerd.internal.v1.opt"]
  path = "${stateFolder}/containerd/opt"
`;

const network = {
  cniVersion: "0.4.0",
  name: "holdfast-test",
  plugins: [
    {
      type: "bridge",
      bridge,
      isGateway: true,
      hairpinMode: true,
      ipam: {
        type: "host-local",
        ranges: [[{ subnet: podRange, rangeStart: "10.213.1.1" }]],
        routes: [{ dst: "0.0.0.0/0" }],
        dataDir: `${stateFolder}/cni-addresses`,
      },
    },
  ],
};

export async function containerd(): Promise<Component> {
  await writeWhole(configurationFile, configuration);
  await writeWhole(join(networksFolder, "10-holdfast.conflist"), JSON.stringify(network, null, 2));
  return {
    name: "containerd",
    command: ["/usr/bin/containerd", "--config", configurationFile],
    configuration: [configuration, JSON.stringify(network)],
    ready: async () => (await listens(containerdSocket)) && succeeds([...ctr, "version"]),
  };
}

export async function hasImage(reference: string): Promise<boolean> {
  const outcome = await attempt([...ctr, "images", "list", "--quiet", `name==${reference}`]);
  return outcome.code === 0 && outcome.stdout.trim() === reference;
}

/** Loads an OCI or Docker archive; the image is known by the name in the archive. */
export async function importImage(archive: string): Promise<void> {
  await run([...ctr, "images", "import", "--all-platforms", archive]);
}
