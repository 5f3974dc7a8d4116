import { z } from "zod";

/**
 * A cron expression in the five-field grammar that Kubernetes (robfig/cron, standard parser) and croner read alike: numbers, `*`,
 * ranges, lists, and steps on `*` or a range. Left out, because the two differ or one refuses it: names, `@daily`, `?`, `L`, `W`,
 * `#`, `+`, Sunday as 7, a step on a single number, and `*` inside a list. A schedule with both days given runs when either
 * matches, as in every cron.
 */
const fields = [
  { value: "[0-5]?[0-9]", step: "[1-9]|[1-5][0-9]" },
  { value: "[01]?[0-9]|2[0-3]", step: "[1-9]|1[0-9]|2[0-3]" },
  { value: "0?[1-9]|[12][0-9]|3[01]", step: "[1-9]|[12][0-9]|3[01]" },
  { value: "0?[1-9]|1[0-2]", step: "[1-9]|1[0-2]" },
  { value: "[0-6]", step: "[1-6]" },
].map(({ value, step }) => {
  const part = `(${value})(-(${value})(/(${step}))?)?`;
  return `([*](/(${step}))?|${part}(,${part})*)`;
});

const pattern = new RegExp(`^${fields.join(" ")}$`);

const grammar =
  'write the five fields minute, hour, day of month, month and day of week (0 to 6, Sunday is 0), one space apart, as *, numbers, ranges, lists and steps, such as "0 1 * * 1-6" or "*/15 * * * *"; names, @daily, L, W, # and ? are not taken';

const order =
  'the second number of a range must not be smaller than the first: for a range over midnight write "22-23,0-2"';

const hasRangesInOrder = (text: string): boolean =>
  (text.match(/[0-9]+-[0-9]+/g) ?? []).every((range) => {
    const [first, second] = range.split("-").map(Number) as [number, number];
    return first <= second;
  });

export const cron = z
  .string()
  .max(100)
  .regex(pattern, grammar)
  .refine(hasRangesInOrder, order)
  .meta({
    "x-kubernetes-validations": [
      { rule: `self.matches(r"${pattern.source}")`, message: grammar },
      {
        rule: 'self.findAll("[0-9]+-[0-9]+").all(range, int(range.split("-")[0]) <= int(range.split("-")[1]))',
        message: order,
      },
    ],
  });
