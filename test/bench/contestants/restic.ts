import { join } from "node:path";
import type { Command } from "../measure.ts";
import { type Contestant, password, type Workplace } from "./contestant.ts";

export const resticContestant = (binary: string, version: string): Contestant => ({
  name: "restic",
  version,
  isRestic: true,
  isLimit: false,
  calls({ place, source }) {
    const environment = resticEnvironment(place);
    const restic = (...words: readonly string[]): Command => ({
      words: [binary, "--no-cache", ...words],
      environment,
    });
    return {
      prepare: [restic("init")],
      backup: restic("backup", source),
      restore: (target) => restic("restore", "latest", "--target", target),
      restoreFile: (target, file) => restic("restore", "latest", "--target", target, "--include", join(source, file)),
      forget: (keep) => restic("forget", "--keep-last", `${keep}`, "--prune"),
      check: restic("check", "--read-data"),
      restored: (target) => join(target, source),
    };
  },
});

const resticEnvironment = (place: Workplace["place"]): Record<string, string> => ({
  RESTIC_PASSWORD: password,
  ...(place.kind === "folder"
    ? { RESTIC_REPOSITORY: place.folder }
    : {
        RESTIC_REPOSITORY: `s3:${place.endpoint}/${place.bucket}/${place.prefix}`,
        AWS_DEFAULT_REGION: place.region,
        AWS_ACCESS_KEY_ID: place.accessKeyId,
        AWS_SECRET_ACCESS_KEY: place.secretAccessKey,
      }),
});
