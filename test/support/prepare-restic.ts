import { newestRestic } from "./restic-versions.ts";

// So that the minute that the build takes on a new machine is in no test's time limit.
await newestRestic();
