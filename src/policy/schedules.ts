import { Cron } from "croner";

/** A cron expression (the grammar of `api/cron.ts`) and the time zone that it is read in. */
export interface CronSchedule {
  readonly cron: string;
  readonly timeZone: string;
  /** A suspended schedule has no next run. */
  readonly suspend?: boolean;
}

/** Kubernetes gives up after this long: a schedule without a slot in it never runs, such as the 31st of February. */
const horizonYears = 5;

/**
 * Whether `name` is a time zone that Kubernetes takes too: of the IANA database, written as it is there. Kubernetes is
 * case-sensitive, and refuses `Local`.
 */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Temporal.ZonedDateTime(0n, name).timeZoneId === name;
  } catch {
    return false;
  }
}

/**
 * The next `count` slots after `after` (exclusive), oldest first; fewer where the schedule has no more within five years,
 * none where it is suspended. Throws a `RangeError` on a time zone or an expression that is not valid.
 *
 * Kubernetes starts the runs, so its rule for clock changes holds: a slot is every instant at which the clock on the wall
 * shows a matching time. A time that the clock skips has no slot that day; one that it shows twice has two. croner's own
 * rule is another one, so it is asked about plain UTC calendars only, one for each stretch of constant offset.
 */
export function nextTimes(options: {
  readonly schedule: CronSchedule;
  readonly after: Date;
  readonly count: number;
}): readonly Date[] {
  const { schedule, after, count } = options;
  if (schedule.suspend || count < 1) return [];
  const cron = parseCron(schedule.cron);
  const slots: Date[] = [];
  for (let last = after; slots.length < count; ) {
    const slot = slotAfter({ cron, timeZone: schedule.timeZone, after: last });
    if (slot === undefined) break;
    slots.push(slot);
    last = slot;
  }
  return slots;
}

/** The first slot after `after`; see `nextTimes`. */
export function nextTime(schedule: CronSchedule, after: Date): Date | undefined {
  return nextTimes({ schedule, after, count: 1 })[0];
}

/** The earliest of the schedules' next slots; none where all are suspended, or there are none. */
export function earliestTime(schedules: readonly CronSchedule[], after: Date): Date | undefined {
  const times = schedules.flatMap((schedule) => nextTime(schedule, after) ?? []);
  return times.length === 0 ? undefined : new Date(Math.min(...times.map(Number)));
}

/** Kubernetes starts a run until so long after its slot, and no later: the CronJobs' `startingDeadlineSeconds`. */
export const startingDeadlineSeconds = 600;

/**
 * The first slot after `since` for which it is too late to start a run. `since` is the last instant at which a run was started or under
 * way (a slot meanwhile is passed over, as no schedule runs twice at once), or at which the schedule came into force.
 */
export function firstMissed(options: {
  readonly schedule: CronSchedule;
  readonly since: Date;
  readonly now: Date;
}): Date | undefined {
  const { schedule, since, now } = options;
  const until = new Date(now.getTime() - startingDeadlineSeconds * 1000);
  return slotsBetween({ schedule, since, until, limit: 1 })[0];
}

/**
 * The slots in (`since`, `until`], oldest first, at most `limit` of them: those without a run were missed. `since` is the
 * last slot known to have run, or the instant the schedule came into force.
 */
export function slotsBetween(options: {
  readonly schedule: CronSchedule;
  readonly since: Date;
  readonly until: Date;
  readonly limit?: number;
}): readonly Date[] {
  const { schedule, since, until, limit = 100 } = options;
  return nextTimes({ schedule, after: since, count: limit }).filter((slot) => slot <= until);
}

function parseCron(expression: string): Cron {
  try {
    // Kubernetes takes `*/1` for `*`, croner for a restriction, which matters where both days are given.
    const plain = expression.replaceAll(/[*]\/1(?= |$)/g, "*");
    return new Cron(plain, { mode: "5-part", timezone: "UTC", paused: true });
  } catch (cause) {
    throw new RangeError(`"${expression}" is not a cron expression: write five fields, such as "0 1 * * 1-6"`, {
      cause,
    });
  }
}

function slotAfter(options: {
  readonly cron: Cron;
  readonly timeZone: string;
  readonly after: Date;
}): Date | undefined {
  const { cron, timeZone, after } = options;
  let from = Temporal.Instant.fromEpochMilliseconds(after.getTime()).toZonedDateTimeISO(timeZone);
  const horizon = from.add({ years: horizonYears }).epochMilliseconds;
  while (from.epochMilliseconds <= horizon) {
    const offset = Math.round(from.offsetNanoseconds / 1e6);
    const change = from.getTimeZoneTransition("next");
    const wall = cron.nextRun(new Date(from.epochMilliseconds + offset));
    const slot = wall === null ? undefined : wall.getTime() - offset;
    if (slot !== undefined && (change === null || slot < change.epochMilliseconds)) {
      return slot <= horizon ? new Date(slot) : undefined;
    }
    if (change === null) return undefined;
    // Look from just before the change, in the offset that holds after it: the change itself may be a slot.
    const beforeChange = slotAtChange({ cron, change });
    if (beforeChange) return beforeChange;
    from = change;
  }
  return undefined;
}

/** The instant of the clock change, where the clock then shows a matching time. */
function slotAtChange(options: { readonly cron: Cron; readonly change: Temporal.ZonedDateTime }): Date | undefined {
  const { cron, change } = options;
  const wall = change.epochMilliseconds + Math.round(change.offsetNanoseconds / 1e6);
  const first = cron.nextRun(new Date(wall - 1000));
  return first?.getTime() === wall ? new Date(change.epochMilliseconds) : undefined;
}
