import type { Provider } from "./provider.ts";
export const kind: Provider = {
  up: async () => {
    throw new Error("x");
  },
  down: async () => {},
};
