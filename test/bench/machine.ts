import { cpus, release, totalmem, type } from "node:os";
import type { MachineFacts } from "./table.ts";

export const thisMachine = (): MachineFacts => ({
  date: new Date().toISOString().slice(0, 10),
  processor: cpus()[0]?.model.trim() || "unknown processor",
  cores: cpus().length,
  memoryBytes: totalmem(),
  system: `${type()} ${release().split("-")[0]}, Node ${process.versions.node}`,
});
