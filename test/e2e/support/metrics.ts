import { kubectl } from "./cluster.ts";

const path = "/api/v1/namespaces/holdfast-system/services/holdfast-metrics:metrics/proxy/metrics";

/** The controller's numbers about a namespace, as they are now: the first of a name, or of a name and a target. */
export async function readMetrics(namespace: string): Promise<(name: string, target?: string) => number | undefined> {
  const all = (await kubectl("get", "--raw", path)).split("\n").filter((line) => line.includes(`"${namespace}"`));
  return (name, target) => {
    const lines = all.filter((line) => line.startsWith(`${name}{`));
    const line = lines.find((one) => target === undefined || one.includes(`target="${target}"`));
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ")));
  };
}
