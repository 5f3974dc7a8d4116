import { basename, join } from "node:path";
import type { Command } from "../measure.ts";
import type { Place } from "../stores.ts";
import { type Contestant, inTurn, password } from "./contestant.ts";

/**
 * Kopia keeps a cache by design; each step starts with an empty one and a fresh connection, neither of which is timed. It
 * compresses only when told to: with zstd-fastest, its own benchmark's best.
 */
export const kopiaContestant = (binary: string, version: string): Contestant => ({
  name: "kopia",
  version,
  isRestic: false,
  isLimit: false,
  calls({ place, source, own }) {
    const environment = {
      KOPIA_PASSWORD: password,
      KOPIA_CONFIG_PATH: join(own, "repository.config"),
      KOPIA_CACHE_DIRECTORY: join(own, "cache"),
      KOPIA_LOG_DIR: join(own, "logs"),
      KOPIA_CHECK_FOR_UPDATES: "false",
      HOME: own,
    };
    const call = (...words: readonly string[]): string[] => [binary, "--no-progress", ...words];
    const kopia = (...words: readonly string[]): Command => ({ words: call(...words), environment });
    const several = (...calls: readonly (readonly string[])[]): Command => ({ words: inTurn(calls), environment });
    const forgetting = (keep: number): string[][] => {
      const others = ["hourly", "daily", "weekly", "monthly", "annual"].map((period) => `--keep-${period}=0`);
      return [
        call("policy", "set", source, `--keep-latest=${keep}`, ...others),
        call("snapshot", "expire", source, "--delete"),
        call("maintenance", "run", "--full", "--safety=none"),
      ];
    };
    return {
      prepare: [
        several(
          ["mkdir", "-p", own],
          call("repository", "create", ...placeWords(place)),
          call("policy", "set", "--global", "--compression=zstd-fastest"),
        ),
      ],
      open: [several(["rm", "-rf", join(own, "cache")], call("repository", "connect", ...placeWords(place)))],
      backup: kopia("snapshot", "create", source),
      restore: (target) => kopia("restore", source, target),
      restoreFile: (target, file) => {
        const below = join(target, file);
        return several(
          ["mkdir", "-p", join(below, "..")],
          call("restore", "--snapshot-time=latest", join(source, file), join(below, "..", basename(file))),
        );
      },
      forget: (keep) => several(...forgetting(keep)),
      check: kopia("snapshot", "verify", "--verify-files-percent=100"),
      restored: (target) => target,
    };
  },
});

function placeWords(place: Place): string[] {
  if (place.kind === "folder") return ["filesystem", `--path=${place.folder}`];
  return [
    "s3",
    `--bucket=${place.bucket}`,
    `--endpoint=${new URL(place.endpoint).host}`,
    "--disable-tls",
    `--region=${place.region}`,
    `--prefix=${place.prefix}/`,
    `--access-key=${place.accessKeyId}`,
    `--secret-access-key=${place.secretAccessKey}`,
  ];
}
