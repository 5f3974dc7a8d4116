import { readFile, rm, writeFile } from "node:fs/promises";
import { exists } from "./files.ts";
import { step } from "./progress.ts";
import { attempt, run, succeeds } from "./run.ts";

/** What the cluster needs of Debian: the package, and a file that shows it is there. */
const needed: Readonly<Record<string, string>> = {
  "etcd-server": "/usr/bin/etcd",
  containerd: "/usr/bin/containerd",
  runc: "/usr/sbin/runc",
  "containernetworking-plugins": "/usr/lib/cni/bridge",
  iptables: "/usr/sbin/iptables",
  conntrack: "/usr/sbin/conntrack",
  "btrfs-progs": "/usr/bin/btrfs",
  buildah: "/usr/bin/buildah",
  mmdebstrap: "/usr/bin/mmdebstrap",
  openssl: "/usr/bin/openssl",
  iproute2: "/usr/sbin/ip",
  mount: "/usr/sbin/losetup",
};

/** A package's services are not started when it is installed while this file says so (101: not allowed). */
const policyFile = "/usr/sbin/policy-rc.d";
const policy = "#!/bin/sh\n# made by the test cluster of Holdfast while it installs packages\nexit 101\n";

/** @throws in one line, when this machine cannot carry the cluster */
export async function checkMachine(): Promise<void> {
  if (process.platform !== "linux") throw new Error("the cluster needs Linux");
  checkRoot();
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  const missing = await missingPackages();
  if (missing.length > 0 && !/^ID(_LIKE)?=.*debian/m.test(release)) {
    throw new Error(`this is not Debian: install ${missing.join(", ")} yourself and try again`);
  }
  if (!(await succeeds(["go", "version"]))) {
    throw new Error("Go is missing: install Go 1.26 or newer, put it on PATH and try again");
  }
}

export function checkRoot(): void {
  if (process.getuid?.() !== 0) throw new Error("the cluster needs root: run this again as root");
}

/** Installs the Debian packages that are missing. */
export async function ensurePackages(): Promise<void> {
  const missing = await missingPackages();
  if (missing.length === 0) return;
  await step(`installing Debian packages ${missing.join(" ")}`, () => installQuietly(missing));
  const still = await missingPackages();
  if (still.length > 0)
    throw new Error(`the packages ${still.join(", ")} are installed but their programs are missing`);
}

async function missingPackages(): Promise<string[]> {
  const missing: string[] = [];
  for (const [name, file] of Object.entries(needed)) {
    if (!(await exists(file))) missing.push(name);
  }
  return missing;
}

/** Installs Debian packages without starting their services. */
export async function installQuietly(packages: readonly string[]): Promise<void> {
  const apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=600"];
  const options = { environment: { DEBIAN_FRONTEND: "noninteractive" }, survives: true };
  const present = await readFile(policyFile, "utf8").catch(() => policy);
  const ours = present === policy; // also one that a killed start left behind
  if (ours) await writeFile(policyFile, policy, { mode: 0o755 });
  try {
    await attempt(["dpkg", "--configure", "-a"], options); // an installation that was killed
    await run([...apt, "update"], options);
    await run([...apt, "install", "--yes", "--no-install-recommends", ...packages], options);
  } finally {
    if (ours) await rm(policyFile, { force: true });
  }
}
