/**
 * The contestants in the order of their turns: each repetition and step begins with another one, so that nobody is always the
 * first on a cold machine or the last on a busy one.
 */
export function turns<Item>(contestants: readonly Item[], repetition: number, step: number): Item[] {
  if (contestants.length === 0) return [];
  const first = (repetition + step) % contestants.length;
  return [...contestants.slice(first), ...contestants.slice(0, first)];
}
