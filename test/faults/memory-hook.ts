import { writeFileSync } from "node:fs";

/** Preloaded into a process of ours: at its end it tells the most memory that it ever had, in bytes. */
process.on("exit", () => {
  const file = process.env.HOLDFAST_TEST_MEMORY;
  if (file) writeFileSync(file, String(process.resourceUsage().maxRSS * 1024));
});
