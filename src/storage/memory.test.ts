import { describeStorage } from "./conformance.ts";
import { memoryStorage } from "./memory.ts";

describeStorage("Memory", { fresh: async () => memoryStorage() });
