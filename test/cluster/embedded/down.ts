import { readdir, readlink, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { exists } from "../files.ts";
import { unmountUnder } from "../mounts.ts";
import { listens } from "../probe.ts";
import { clusterProcesses, stopProcesses } from "../processes.ts";
import { step } from "../progress.ts";
import { run, sleep } from "../run.ts";
import { cacheFolder, cgroupName, runFolder, scratchFolder, stateFolder } from "../settings.ts";
import { loopDevices } from "./disk.ts";
import { removeNetwork } from "./network.ts";
import { cgroupHierarchies, podLogFolder } from "./node.ts";

/**
 * Removes everything of the cluster but the caches, whatever is left of it. The order matters: nothing may be running
 * that starts or mounts things, before mounts and devices go, before files go.
 */
export async function removeEmbedded(): Promise<void> {
  await step("ending the cluster's processes", endProcesses);
  await step("removing its mounts, devices, network and files", async () => {
    await detachLoopDevices(); // block volumes keep the file system of the volumes busy
    await unmountUnder([stateFolder, runFolder, cacheFolder]);
    await detachLoopDevices();
    await removeNetwork();
    await removeCgroups();
    await removeFiles();
  });
}

/** The kubelet first, or it would start again what is ended; all of a sudden, since their state is thrown away. */
async function endProcesses(): Promise<void> {
  const kubelet = (await clusterProcesses()).filter(({ mark }) => mark.startsWith("kubelet:"));
  await stopProcesses(
    kubelet.map(({ pid }) => pid),
    0,
  );
  for (let round = 0; round < 120; round += 1) {
    const left = await clusterProcesses();
    if (left.length === 0) return;
    // One that has ended is listed until it is reaped, which takes a while on a busy machine.
    if (round > 0) await sleep(250);
    await stopProcesses(
      left.map(({ pid }) => pid),
      0,
    );
  }
  const left = (await clusterProcesses()).map(({ pid, arguments: [program] }) => `${pid} (${program})`);
  throw new Error(`processes of the cluster keep appearing: ${left.join(", ")}`);
}

/** One that is still in use is marked, and freed by the kernel when it no longer is. */
async function detachLoopDevices(): Promise<void> {
  for (const device of (await loopDevices()).reverse()) await run(["losetup", "--detach", device]);
}

async function removeCgroups(): Promise<void> {
  for (const hierarchy of await cgroupHierarchies()) await removeCgroup(join(hierarchy, cgroupName));
}

/** Control groups are removed from the leaves up, and only when their last process has been reaped. */
async function removeCgroup(folder: string): Promise<void> {
  if (!(await exists(folder))) return;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeCgroup(join(folder, entry.name));
  }
  for (let attempts = 0; attempts < 25; attempts += 1) {
    const failed = await rmdir(folder).catch((error: NodeJS.ErrnoException) => error);
    if (!failed || failed.code === "ENOENT") return;
    await sleep(200);
  }
  throw new Error(`the control group ${folder} cannot be removed`);
}

async function removeFiles(): Promise<void> {
  await removeShimSockets();
  await removeLinksInto("/var/log/containers", podLogFolder);
  await removeNetworkResults();
  for (const name of ["kubelet.sock", "kubelet_internal_checkpoint"]) {
    await rm(join("/var/lib/kubelet/device-plugins", name), { force: true });
  }
  await removeEmptyFolders();
  await rm(scratchFolder, { recursive: true, force: true });
  await rm(runFolder, { recursive: true, force: true });
  await rm(stateFolder, { recursive: true, force: true });
}

/** Sockets of shims lie in a folder that all containerds of the machine share: those where nobody listens are dead. */
async function removeShimSockets(): Promise<void> {
  const folder = "/run/containerd/s";
  for (const name of await readdir(folder).catch(() => [])) {
    const socket = join(folder, name);
    if (!(await listens(socket))) await rm(socket, { force: true });
  }
}

async function removeLinksInto(folder: string, target: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const link = join(folder, name);
    if ((await readlink(link).catch(() => "")).startsWith(target)) await rm(link, { force: true });
  }
}

/** The CNI library notes what it gave to each pod, in files named by network, pod and interface. */
async function removeNetworkResults(): Promise<void> {
  const folder = "/var/lib/cni/results";
  const names = await readdir(folder).catch(() => []);
  const pods = names.flatMap((name) => /^holdfast-test-([0-9a-f]+)-/.exec(name)?.[1] ?? []);
  for (const name of names.filter((entry) => pods.some((pod) => entry.includes(pod)))) {
    await rm(join(folder, name), { force: true });
  }
}

/** Folders at fixed places that containerd and the kubelet make; they stay where somebody else uses them. */
async function removeEmptyFolders(): Promise<void> {
  const folders = [
    "/var/lib/kubelet/device-plugins",
    "/var/lib/kubelet",
    "/var/log/containers",
    "/var/lib/cni/results",
    "/var/lib/cni",
    "/run/containerd/s",
    "/run/containerd",
  ];
  for (const folder of folders) await rmdir(folder).catch(() => undefined);
}
