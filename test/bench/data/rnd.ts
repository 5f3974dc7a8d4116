import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { DataSet } from "./data-set.ts";
import { overwriteHundredth } from "./files.ts";
import { keystream } from "./keystream.ts";

const mebibytes = { full: 1024, small: 16 } as const;

export const rnd: DataSet = {
  name: "rnd",
  what: "1 GiB that does not compress, one file",
  async make({ folder, scale }) {
    const stream = keystream("rnd");
    const file = openSync(join(folder, "random"), "w");
    for (let part = 0; part < mebibytes[scale]; part++) writeSync(file, stream.take(1024 * 1024));
    closeSync(file);
  },
  async change({ folder, round }) {
    overwriteHundredth(join(folder, "random"), `rnd ${round}`);
  },
  oneFile: () => undefined,
};
