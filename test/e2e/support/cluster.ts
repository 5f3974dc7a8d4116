import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createKubeClient } from "../../../src/kube/client.ts";
import { loadKubeConfig } from "../../../src/kube/config.ts";
import { environmentFile } from "../../cluster/settings.ts";

/** The cluster that `make cluster` started, as `.cluster/env` describes it; never one that the shell knows. */
const settings = readEnvironment();

function readEnvironment(): Readonly<Record<string, string>> {
  const lines = readFileSync(environmentFile, "utf8").matchAll(/^export ([A-Z_]+)='(.*)'$/gm);
  return Object.fromEntries([...lines].map(([, name, value]) => [name, value]));
}

export function setting(name: string): string {
  const value = settings[name];
  if (!value) throw new Error(`${environmentFile} does not set ${name}; start the cluster with: make cluster`);
  return value;
}

export const client = createKubeClient(loadKubeConfig(setting("KUBECONFIG")));

export type TargetName = "onprem" | "offsite";

export type Store = {
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
};

export const storeOf = (target: TargetName): Store => {
  const prefix = target.toUpperCase();
  return {
    endpoint: setting(`${prefix}_ENDPOINT`),
    bucket: setting(`${prefix}_BUCKET`),
    accessKey: setting(`${prefix}_ACCESS_KEY`),
    secretKey: setting(`${prefix}_SECRET_KEY`),
  };
};

/** Runs a program and gives its standard output; rejects with what it said on standard error. */
export function execute(
  file: string,
  words: readonly string[],
  options: { readonly environment?: Readonly<Record<string, string>>; readonly input?: string } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...options.environment };
    const child = execFile(file, words, { env, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${file} ${words.join(" ")}: ${stderr || error.message}`, { cause: error }));
      else resolve(stdout);
    });
    if (options.input !== undefined) child.stdin?.end(options.input);
  });
}

export const kubectlProgram = settings.CLUSTER_BINARIES ? join(settings.CLUSTER_BINARIES, "kubectl") : "kubectl";

/** What a person would type. */
export const kubectl = (...words: readonly string[]): Promise<string> => kubectlReading(undefined, ...words);

/** The same with something on its standard input. */
export const kubectlReading = (input: string | undefined, ...words: readonly string[]): Promise<string> =>
  execute(kubectlProgram, ["--kubeconfig", setting("KUBECONFIG"), ...words], { input });
