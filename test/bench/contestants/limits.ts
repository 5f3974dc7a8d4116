import { join } from "node:path";
import type { Contestant } from "./contestant.ts";

/** A plain copy of the source: no restore can be faster on this file system by much. */
export const copyLimit: Contestant = {
  name: "cp -r",
  version: "",
  isRestic: false,
  isLimit: true,
  calls: ({ source }) => ({
    restore: (target) => ({ words: ["cp", "-r", "--sparse=always", `${source}/.`, target] }),
    restored: (target) => target,
  }),
};

/** The bytes of the source as objects of 16 MiB, put with the S3 SDK: no backup of what does not compress can be faster. */
export const putLimit: Contestant = {
  name: "plain PUTs",
  version: "",
  isRestic: false,
  isLimit: true,
  calls: ({ place, source }) =>
    place.kind === "s3"
      ? {
          backup: {
            words: [process.execPath, join(import.meta.dirname, "put-parts.ts"), source, place.bucket, place.prefix],
            environment: {
              AWS_ENDPOINT_URL_S3: place.endpoint,
              AWS_REGION: place.region,
              AWS_ACCESS_KEY_ID: place.accessKeyId,
              AWS_SECRET_ACCESS_KEY: place.secretAccessKey,
            },
          },
        }
      : {},
};
