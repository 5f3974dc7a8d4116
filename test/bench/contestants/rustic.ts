import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../measure.ts";
import type { Place } from "../stores.ts";
import { type Contestant, password } from "./contestant.ts";

/** `prune --instant-delete` does at once what rustic otherwise leaves to a second prune, so that the work compares. */
export const rusticContestant = (binary: string, version: string): Contestant => ({
  name: "rustic",
  version,
  isRestic: true,
  isLimit: false,
  calls({ place, source, own }) {
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, "bench.toml"), profileOf(place));
    const environment = { RUSTIC_PASSWORD: password, HOME: own };
    const rustic = (...words: readonly string[]): Command => ({
      words: [binary, "--use-profile", join(own, "bench"), "--no-cache", "--no-progress", ...words],
      environment,
    });
    return {
      prepare: [rustic("init")],
      backup: rustic("backup", source),
      restore: (target) => rustic("restore", `latest:${source}`, target),
      restoreFile: (target, file) => rustic("restore", "--glob", `/${file}`, `latest:${source}`, target),
      forget: (keep) => rustic("forget", "--keep-last", `${keep}`, "--prune", "--instant-delete"),
      check: rustic("check", "--read-data"),
      restored: (target) => target,
    };
  },
});

/** Its S3 settings are those of OpenDAL's S3 service. */
function profileOf(place: Place): string {
  if (place.kind === "folder") return `[repository]\nrepository = ${JSON.stringify(place.folder)}\n`;
  const options = {
    endpoint: place.endpoint,
    region: place.region,
    bucket: place.bucket,
    root: `/${place.prefix}`,
    access_key_id: place.accessKeyId,
    secret_access_key: place.secretAccessKey,
  };
  const lines = Object.entries(options).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  return `[repository]\nrepository = "opendal:s3"\n\n[repository.options]\n${lines.join("\n")}\n`;
}
