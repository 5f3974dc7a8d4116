import { readFileSync } from "node:fs";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { getCACertificates } from "node:tls";
import { S3Client } from "@aws-sdk/client-s3";
import { InvalidLocationError, type S3Options } from "./location.ts";
import { credentialsFrom } from "./s3-credentials.ts";

/** More would only queue at the store; the pipelines above keep fewer requests going. */
const sockets = 32;
const connectionTimeoutMs = 5_000;
/** Silence on a connection that is up; a slow upload is not silent. */
const silenceTimeoutMs = 60_000;

export interface S3Connection {
  readonly client: S3Client;
  /** As given, for messages. */
  readonly endpoint: string;
  readonly checksums: "WhenSupported" | "WhenRequired";
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * An SDK client by our options, by the standard variables where they are silent, and by the SDK's own defaults after
 * that. It does not repeat requests: `retry.ts` does. Throws `InvalidLocationError`.
 */
export function connectS3(request: {
  readonly options: S3Options;
  readonly credentialsDirectory?: string | undefined;
  readonly environment: Environment;
}): S3Connection {
  const { options, credentialsDirectory, environment } = request;
  const region = options.region || environment.AWS_REGION || environment.AWS_DEFAULT_REGION || "us-east-1";
  const endpoint = options.endpoint || environment.AWS_ENDPOINT_URL_S3 || environment.AWS_ENDPOINT_URL;
  if (endpoint) assertEndpoint(endpoint);
  const ca = trustedCertificates(options.caBundle, environment.AWS_CA_BUNDLE);
  const agentOptions = { keepAlive: true, maxSockets: sockets };
  const client = new S3Client({
    region,
    endpoint: endpoint || undefined,
    forcePathStyle: options.forcePathStyle ?? Boolean(endpoint),
    credentials: credentialsDirectory ? credentialsFrom(credentialsDirectory) : undefined,
    maxAttempts: 1,
    // Content is checked by its own seal and hash; puts carry a checksum that `s3.ts` sets.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      socketTimeout: silenceTimeoutMs,
      httpAgent: new HttpAgent(agentOptions),
      httpsAgent: new HttpsAgent({ ...agentOptions, ca }),
    },
  });
  return {
    client,
    endpoint: endpoint ?? `https://s3.${region}.amazonaws.com`,
    checksums: options.requestChecksums ?? "WhenSupported",
  };
}

function assertEndpoint(endpoint: string): void {
  const url = URL.parse(endpoint);
  if (url?.username || url?.password) {
    throw new InvalidLocationError("Keys do not belong into the endpoint: give them in AWS_ACCESS_KEY_ID and so on.");
  }
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new InvalidLocationError(`The endpoint «${endpoint}» is no URL. Use http://host:port or https://host.`);
  }
}

function trustedCertificates(bundle: string | undefined, bundleFile: string | undefined): string[] | undefined {
  const own = bundle || (bundleFile && readBundle(bundleFile));
  if (!own) return undefined;
  if (!own.includes("-----BEGIN CERTIFICATE-----")) {
    throw new InvalidLocationError("The caBundle holds no PEM certificate (-----BEGIN CERTIFICATE-----).");
  }
  return [...getCACertificates("default"), own];
}

function readBundle(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new InvalidLocationError(`Could not read the certificates in ${file}, which AWS_CA_BUNDLE names.`, {
      cause: error,
    });
  }
}
