import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readOr, writeWhole } from "../files.ts";
import { attempt, run, succeeds } from "../run.ts";
import { address, bridge, podRange, serviceRange, stateFolder } from "../settings.ts";

/** Kernel settings that the cluster changes, by hand or through the kubelet and kube-proxy; put back at the end. */
const settings = [
  "net/ipv4/ip_forward",
  "net/ipv4/conf/all/route_localnet",
  "net/netfilter/nf_conntrack_max",
  "net/netfilter/nf_conntrack_tcp_timeout_established",
  "net/netfilter/nf_conntrack_tcp_timeout_close_wait",
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
] as const;
const savedSettings = join(stateFolder, "kernel-settings.json");

/**
 * The bridge of the pods. Its address is the cluster's own: it stays the same whatever becomes of the machine's
 * network, and both host and pods reach it. Pods cannot reach the world outside; no test or demo may need it.
 */
export async function ensureNetwork(): Promise<void> {
  await saveKernelSettings();
  if (!(await succeeds(["ip", "link", "show", bridge]))) {
    await refuseTakenRanges();
    await run(["ip", "link", "add", bridge, "type", "bridge"]);
  }
  // A fixed hardware address: a bridge otherwise takes that of a port, and changes it when the port goes.
  await run(["ip", "link", "set", bridge, "address", "02:68:66:00:00:01", "up"]);
  await run(["ip", "address", "replace", `${address}/16`, "dev", bridge]);
  await writeFile("/proc/sys/net/ipv4/ip_forward", "1");
}

export async function removeNetwork(): Promise<void> {
  for (const name of await ports()) await attempt(["ip", "link", "delete", name]);
  await attempt(["ip", "link", "delete", bridge]);
  for (const program of ["iptables", "ip6tables"]) {
    for (const table of ["raw", "mangle", "nat", "filter"]) await removeKubernetesRules(program, table);
  }
  await restoreKernelSettings();
}

/** The host's ends of the pods' links, which are left when a pod's network was not taken down properly. */
async function ports(): Promise<string[]> {
  const outcome = await attempt(["ip", "-json", "link", "show", "master", bridge]);
  if (outcome.code !== 0) return [];
  return (JSON.parse(outcome.stdout || "[]") as { ifname?: string }[]).flatMap((link) => link.ifname ?? []);
}

/** Removes the chains of kube-proxy and the kubelet and the jumps to them, in one transaction; all else is untouched. */
async function removeKubernetesRules(program: string, table: string): Promise<void> {
  const saved = await attempt([`${program}-save`, "-t", table]);
  const lines = saved.stdout.split("\n");
  const chains = lines.flatMap((line) => /^:(KUBE-\S+)/.exec(line)?.[1] ?? []);
  if (chains.length === 0) return;
  const jumps = lines.filter((line) => /^-A (?!KUBE-).*-j KUBE-/.test(line)).map((line) => line.replace(/^-A/, "-D"));
  const removal = [
    `*${table}`,
    ...jumps,
    ...chains.map((chain) => `-F ${chain}`),
    ...chains.map((chain) => `-X ${chain}`),
    "COMMIT\n",
  ];
  await run([`${program}-restore`, "--noflush"], { input: removal.join("\n") });
}

async function refuseTakenRanges(): Promise<void> {
  for (const range of [podRange, serviceRange]) {
    const routes = await run(["ip", "route", "show", "root", range]);
    if (routes.trim())
      throw new Error(`this machine already routes ${range}, which the cluster needs: ${routes.trim()}`);
  }
}

async function saveKernelSettings(): Promise<void> {
  if ((await readOr(savedSettings, "")) !== "") return;
  const values: Record<string, string> = {};
  for (const name of settings) {
    const value = await readOr(`/proc/sys/${name}`, "");
    if (value) values[name] = value.trim();
  }
  await writeWhole(savedSettings, JSON.stringify(values, null, 2));
}

async function restoreKernelSettings(): Promise<void> {
  const saved = JSON.parse(await readOr(savedSettings, "{}")) as Record<string, string>;
  for (const [name, value] of Object.entries(saved)) {
    const current = await readFile(`/proc/sys/${name}`, "utf8").catch(() => value);
    if (current.trim() !== value) await writeFile(`/proc/sys/${name}`, value).catch(() => undefined);
  }
}
