import { Command } from "commander";
import { locate } from "../browse/locate.ts";
import { tarStream } from "../browse/tar.ts";
import { RepositoryError } from "../repository/errors.ts";
import { addReadingOptions, type Reading, type ReadingFlags, runReading, snapshotFor } from "./reading.ts";
import type { StandardOutput } from "./stdout.ts";
import { count } from "./units.ts";

export function tarCommand(): Command {
  const command = new Command("tar")
    .description("Write a snapshot, or a part of it, to standard output as a tar archive")
    .argument("<snapshot>", "the snapshot's id, the beginning of one, or latest")
    .argument("[path]", "a folder (its content is written) or a file; else the folder that was backed up", "")
    .addHelpText(
      "after",
      "\nWith everything back: … | tar --extract --xattrs --xattrs-include='*' --acls --numeric-owner",
    );
  return addReadingOptions(command).action((name: string, path: string, flags: ReadingFlags) =>
    runReading(flags, (reading) => tar(reading, name, path)),
  );
}

async function tar(reading: Reading, name: string, path: string): Promise<undefined> {
  const { output, signal, notice } = reading;
  if (process.stdout.isTTY)
    throw new RepositoryError(
      "InvalidConfiguration",
      "An archive is nothing for a terminal: send it to a file or to tar.",
    );
  const snapshot = await snapshotFor(reading, name);
  const source = await reading.source();
  const place = await locate(source, snapshot, path);
  let leftOut = 0;
  const stream = tarStream({ source, place, signal, onLeftOut: () => leftOut++ });
  await writeArchive(stream, output);
  if (leftOut > 0)
    notice(`${count(leftOut, "socket")} left out: archives have no place for them. A restore brings them back.`);
}

/**
 * Writes all that `tarStream` hands out. Where writing fails, as when the mover was told to stop, the stream is told, and may have something
 * to put behind what was written; rejects as writing did.
 */
export async function writeArchive(
  stream: AsyncGenerator<Buffer>,
  { write }: Pick<StandardOutput, "write">,
): Promise<void> {
  let next = await stream.next();
  while (!next.done) {
    next = await write(next.value).then(
      () => stream.next(),
      (error) => stream.throw(error),
    );
  }
}
