/** What a system call's error says, without the path it was called with: ours go through `/proc/self/fd`. */
export const causeOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/, \w+ '.*$/s, "");
