import { mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../cluster/run.ts";
import type { DataSet } from "./data-set.ts";
import { overwriteHundredth } from "./files.ts";
import { src } from "./src.ts";

const gibibytes = { full: 8, small: 1 / 16 } as const;
const identity = "6f1d9d3a-7f5c-4b11-9d5e-6c3f6f0a2b10";

/** A file system as a virtual machine's disk has it: the source tree in it, and holes where nothing was written yet. */
export const image: DataSet = {
  name: "image",
  what: "a sparse ext4 image of 8 GiB with the source tree in it, one file",
  async make({ folder, scratch, scale }) {
    const tree = join(scratch, "tree");
    mkdirSync(tree);
    await src.make({ folder: tree, scratch, scale });
    const path = join(folder, "disk.img");
    writeFileSync(path, "");
    truncateSync(path, gibibytes[scale] * 1024 ** 3);
    const options = ["-q", "-F", "-U", identity, "-E", `hash_seed=${identity},nodiscard`, "-N", "120000"];
    await run(["mkfs.ext4", ...(scale === "full" ? options : options.slice(0, -2)), "-d", tree, path]);
    rmSync(tree, { recursive: true });
  },
  async change({ folder, round }) {
    overwriteHundredth(join(folder, "disk.img"), `image ${round}`);
  },
  oneFile: () => undefined,
};
