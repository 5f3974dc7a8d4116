import { rmSync } from "node:fs";
import { join } from "node:path";
import { holdfast } from "../contestants/holdfast.ts";
import type { Command } from "../measure.ts";
import type { Operation } from "./series.ts";

/** Holdfast's calls for a source and a repository in folders. */
export function ownCalls(folder: string) {
  const repository = join(folder, "repository");
  const source = join(folder, "source");
  const target = join(folder, "restored");
  const place = { kind: "folder", name: "growth", folder: repository } as const;
  const calls = holdfast.calls({ place, source, own: folder });
  const remove = (path: string) => async () => rmSync(path, { recursive: true, force: true });
  const operation = (name: string, command: Command | undefined, before?: () => Promise<void>): Operation => {
    if (!command) throw new Error(`Holdfast has no call for ${name}.`);
    return { name, command, before };
  };
  return {
    repository,
    source,
    firstBackup: operation("first backup", calls.backup, remove(repository)),
    noChange: operation("no change", calls.backup),
    restore: operation("restore", calls.restore?.(target), remove(target)),
    check: operation("check --read-data", calls.check),
  };
}
