import { join } from "node:path";
import packageJson from "../../../package.json" with { type: "json" };
import { checkout } from "../../support/holdfast.ts";
import type { Command } from "../measure.ts";
import type { Place } from "../stores.ts";
import { ownName } from "../summary.ts";
import { type Contestant, password } from "./contestant.ts";

const program = join(checkout, "bin/holdfast");

export const holdfast: Contestant = {
  name: ownName,
  version: packageJson.version,
  isRestic: true,
  isLimit: false,
  calls({ place, source }) {
    const environment = holdfastEnvironment(place);
    const mover = (command: string, ...words: readonly string[]): Command => ({
      words: [program, "mover", command, "--repository", holdfastUrl(place), ...words],
      environment,
    });
    return {
      backup: mover("backup", "--source", source),
      restore: (target) => mover("restore", "--target", target),
      restoreFile: (target, file) => mover("restore", "--target", target, "--include", file),
      forget: (keep) => mover("forget", "--keep-last", `${keep}`, "--prune"),
      check: mover("check", "--read-data"),
      restored: (target) => target,
    };
  },
};

const holdfastUrl = (place: Place): string =>
  place.kind === "folder" ? `file://${place.folder}` : `s3://${place.bucket}/${place.prefix}`;

const holdfastEnvironment = (place: Place): Record<string, string> => ({
  HOLDFAST_PASSWORD: password,
  ...(place.kind === "s3" && {
    AWS_ENDPOINT_URL_S3: place.endpoint,
    AWS_REGION: place.region,
    AWS_ACCESS_KEY_ID: place.accessKeyId,
    AWS_SECRET_ACCESS_KEY: place.secretAccessKey,
  }),
});
