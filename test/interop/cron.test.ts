import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import { cron } from "../../src/api/cron.ts";
import { nextTimes } from "../../src/policy/schedules.ts";

/**
 * Kubernetes starts the runs, so what we say of them must be what it does. The referee is the parser that its CronJob controller
 * uses (robfig/cron), in a small Go program beside this file. Left out are the few zones whose clocks change at midnight or by
 * half an hour: there the referee itself skips or adds slots on that one day.
 */

interface Question {
  readonly cron: string;
  readonly timeZone: string;
  readonly after: string;
  readonly count: number;
}

interface Answer {
  readonly slots: readonly string[] | null;
  readonly error?: string;
}

function askReferee(questions: readonly Question[]): readonly Answer[] {
  const output = execFileSync("go", ["run", "."], {
    cwd: fileURLToPath(new URL("cron", import.meta.url)),
    input: questions.map((question) => JSON.stringify(question)).join("\n"),
    maxBuffer: 2 ** 28,
    stdio: ["pipe", "pipe", "inherit"],
  });
  return output
    .toString()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Answer);
}

const field = (min: number, max: number): fc.Arbitrary<string> => {
  const number = fc.integer({ min, max });
  const step = fc.integer({ min: 1, max });
  const ordered = fc.tuple(number, number).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const stepped = fc.tuple(ordered, step).map(([range, by]) => `${range}/${by}`);
  const list = fc.array(fc.oneof(number.map(String), ordered, stepped), { minLength: 1, maxLength: 3 });
  return fc.oneof(
    fc.constant("*"),
    step.map((by) => `*/${by}`),
    list.map((items) => items.join(",")),
  );
};

const expression = fc.tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6));

const timeZone = fc.constantFrom(
  "Etc/UTC",
  "Europe/Berlin",
  "Europe/London",
  "America/New_York",
  "America/St_Johns",
  "Asia/Kolkata",
  "Australia/Sydney",
  "Pacific/Auckland",
);

test("Kubernetes takes what the schema takes, and runs it at the same instants", () => {
  const question = fc
    .record({ fields: expression, timeZone, after: fc.integer({ min: 0, max: 3 * 365 * 86400 }) })
    .map(({ fields, timeZone, after }): Question => {
      const from = new Date(Date.UTC(2025, 0, 1) + after * 1000).toISOString();
      return { cron: fields.join(" "), timeZone, after: from, count: 5 };
    });
  const questions = fc.sample(question, { numRuns: 10000, seed: 3 });
  const answers = askReferee(questions);
  expect(answers).toHaveLength(questions.length);
  questions.forEach((asked, index) => {
    expect(cron.safeParse(asked.cron).success, asked.cron).toBe(true);
    const slots = nextTimes({ schedule: asked, after: new Date(asked.after), count: asked.count });
    const own = { slots: slots.map((slot) => slot.toISOString().replace(".000Z", "Z")) };
    expect(own, JSON.stringify(asked)).toEqual(answers[index]);
  });
});

test("what the schema refuses is refused by Kubernetes too, or read differently by croner", () => {
  const refusedByBoth = ["* * * * 7", "60 * * * *", "*/0 * * * *", "30-10 * * * *", "* * 15W * *", "0 0 1 * * *"];
  const answers = askReferee(
    refusedByBoth.map((text) => ({ cron: text, timeZone: "Etc/UTC", after: "2026-01-01T00:00:00Z", count: 1 })),
  );
  answers.forEach((answer, index) => {
    expect(answer.error, refusedByBoth[index]).toBeDefined();
    expect(cron.safeParse(refusedByBoth[index]).success, refusedByBoth[index]).toBe(false);
  });
});

test("a step of 1 is why it is refused: Kubernetes reads */1 as a star where both days are given", () => {
  const asked = { timeZone: "Etc/UTC", after: "2026-11-10T00:00:00Z", count: 3 };
  const [stepped, star] = askReferee([
    { ...asked, cron: "0 0 */1 * 1" },
    { ...asked, cron: "0 0 * * 1" },
  ]);
  expect(stepped).toEqual(star);
});
