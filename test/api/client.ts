import { setTimeout as sleep } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import { createKubeClient, type KubeClient } from "../../src/kube/client.ts";
import { kubectl } from "./cluster.ts";

/** How to reach the test cluster; as somebody else where `user` is given. */
export function clusterConfig(user?: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(kubectl("config", "view", "--raw", "-o", "json"));
  const admin = config.getCurrentUser();
  if (user && admin) config.users = [{ ...admin, impersonateUser: user }];
  return config;
}

/** Our own client on the test cluster. */
export const clusterClient = (user?: string): KubeClient => createKubeClient(clusterConfig(user));

/** Asks until the answer is one; throws with the last answer where it never is. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T> | T,
  isDone: (value: T) => boolean = Boolean,
  seconds = 60,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const value = await probe();
    if (isDone(value)) return value;
    if (performance.now() > deadline)
      throw new Error(`${what}: not within ${seconds} s; last: ${JSON.stringify(value)}`);
    await sleep(250);
  }
}
