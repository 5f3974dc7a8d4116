import { X509Certificate } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { exists, writeWhole } from "../files.ts";
import { run } from "../run.ts";
import { address, apiserver, apiserverService, nodeName, pkiFolder } from "../settings.ts";

type Certificate = {
  readonly name: string;
  readonly subject: string;
  readonly usage: "serverAuth" | "clientAuth";
  readonly alternatives?: string;
};

const days = 365;
const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** The users of the API server, each with a kubeconfig of its name. */
export const users = {
  admin: "/O=system:masters/CN=admin",
  "controller-manager": "/CN=system:kube-controller-manager",
  scheduler: "/CN=system:kube-scheduler",
  proxy: "/CN=system:kube-proxy",
  kubelet: `/O=system:nodes/CN=system:node:${nodeName}`,
  storage: "/O=system:masters/CN=test-storage",
} as const;

const servers: readonly Certificate[] = [
  {
    name: "apiserver",
    subject: "/CN=kube-apiserver",
    usage: "serverAuth",
    alternatives: `IP:${address},IP:${apiserverService},IP:127.0.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local`,
  },
  { name: "kubelet-server", subject: `/CN=${nodeName}`, usage: "serverAuth", alternatives: `IP:${address}` },
];
const apiserverToKubelet = "apiserver-kubelet-client";

export const certificateFile = (name: string) => join(pkiFolder, `${name}.crt`);
export const keyFile = (name: string) => join(pkiFolder, `${name}.key`);
export const kubeconfigFile = (user: keyof typeof users) => join(pkiFolder, `${user}.kubeconfig`);

/** Makes the authority, the certificates and the kubeconfigs that are not there yet or are about to expire. */
export async function ensurePki(): Promise<void> {
  await mkdir(pkiFolder, { recursive: true, mode: 0o700 });
  await ensureAuthority();
  if (!(await exists(keyFile("service-accounts")))) {
    await run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", keyFile("service-accounts")]);
  }
  const clients = Object.entries(users).map(([name, subject]) => ({ name, subject, usage: "clientAuth" as const }));
  const reachKubelet = {
    name: apiserverToKubelet,
    subject: "/O=system:masters/CN=kube-apiserver-kubelet-client",
    usage: "clientAuth" as const,
  };
  await Promise.all([...servers, ...clients, reachKubelet].map(ensureCertificate));
  for (const user of Object.keys(users) as (keyof typeof users)[]) {
    await writeWhole(kubeconfigFile(user), await kubeconfig(user), 0o600);
  }
}

async function ensureAuthority(): Promise<void> {
  if (await isCurrent(certificateFile("ca"))) return;
  const files = ["-keyout", keyFile("ca"), "-out", certificateFile("ca")];
  await run(["openssl", "req", "-x509", ...curve, ...files, "-days", `${days}`, "-subj", "/CN=holdfast-test-cluster"]);
}

async function ensureCertificate(certificate: Certificate): Promise<void> {
  const file = certificateFile(certificate.name);
  if ((await isCurrent(file)) && (await signedByAuthority(file))) return;
  const authority = ["-CA", certificateFile("ca"), "-CAkey", keyFile("ca")];
  const extensions = [
    `extendedKeyUsage=${certificate.usage}`,
    "basicConstraints=critical,CA:FALSE",
    ...(certificate.alternatives ? [`subjectAltName=${certificate.alternatives}`] : []),
  ].flatMap((extension) => ["-addext", extension]);
  const output = ["-keyout", keyFile(certificate.name), "-out", file];
  const terms = ["-days", `${days}`, "-subj", certificate.subject];
  await run(["openssl", "req", "-x509", ...authority, ...curve, ...output, ...terms, ...extensions]);
}

async function isCurrent(file: string): Promise<boolean> {
  const certificate = await parse(file);
  const tomorrow = Date.now() + 24 * 3600 * 1000;
  return certificate !== undefined && Date.parse(certificate.validTo) > tomorrow;
}

async function signedByAuthority(file: string): Promise<boolean> {
  const authority = await parse(certificateFile("ca"));
  return authority !== undefined && ((await parse(file))?.verify(authority.publicKey) ?? false);
}

/** A file that is missing, or cut short by a crash, is no certificate. */
async function parse(file: string): Promise<X509Certificate | undefined> {
  try {
    return new X509Certificate(await readFile(file));
  } catch {
    return undefined;
  }
}

/** JSON is YAML. Contents rather than paths, so that the file works wherever it is copied. */
async function kubeconfig(user: string): Promise<string> {
  const content = async (file: string) => (await readFile(file)).toString("base64");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "holdfast-test",
    contexts: [{ name: "holdfast-test", context: { cluster: "holdfast-test", user } }],
    clusters: [
      {
        name: "holdfast-test",
        cluster: { server: apiserver, "certificate-authority-data": await content(certificateFile("ca")) },
      },
    ],
    users: [
      {
        name: user,
        user: {
          "client-certificate-data": await content(certificateFile(user)),
          "client-key-data": await content(keyFile(user)),
        },
      },
    ],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
