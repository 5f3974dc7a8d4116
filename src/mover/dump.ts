import { Command } from "commander";
import { contentOf } from "../browse/content.ts";
import { locate } from "../browse/locate.ts";
import { folderOf, pathOfParts, shownPath } from "../browse/paths.ts";
import { streamPieces } from "../browse/stream.ts";
import { RepositoryError } from "../repository/errors.ts";
import { addReadingOptions, type Reading, type ReadingFlags, runReading, snapshotFor } from "./reading.ts";

export function dumpCommand(): Command {
  const command = new Command("dump")
    .description("Write the content of one file to standard output")
    .argument("<snapshot>", "the snapshot's id, the beginning of one, or latest")
    .argument("<path>", "as ls shows it, or counted from the backed-up folder");
  return addReadingOptions(command).action((name: string, path: string, flags: ReadingFlags) =>
    runReading(flags, (reading) => dump(reading, name, path)),
  );
}

async function dump(reading: Reading, name: string, path: string): Promise<undefined> {
  const snapshot = await snapshotFor(reading, name);
  const source = await reading.source();
  const { node, parts } = await locate(source, snapshot, path);
  const found = pathOfParts(parts);
  if (node?.type !== "file") throw noFile(shownPath(found), node?.type ?? "dir");
  const pieces = contentOf(source, folderOf(parts.slice(0, -1)), node);
  for await (const bytes of streamPieces({ source, pieces, signal: reading.signal })) {
    await reading.output.write(bytes);
  }
}

const noFile = (path: string, type: string): RepositoryError =>
  new RepositoryError(
    "InvalidConfiguration",
    type === "dir"
      ? `${path} is a folder: write it with tar, or list it with ls.`
      : `${path} is no regular file but a ${type}, which has no content: tar and restore bring it back.`,
  );
