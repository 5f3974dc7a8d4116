/** For tests: programs for threads. */

export const programOf = (text: string): URL => new URL(`data:text/javascript,${encodeURIComponent(text)}`);

/** Takes orders, and is not heard of again. */
export const silentThread = programOf(
  `import { takeOrders } from ${JSON.stringify(new URL("./thread.ts", import.meta.url))}; takeOrders(() => {});`,
);
