import { count, formatBytes } from "../../src/mover/units.ts";
import type { Spread } from "./statistics.ts";
import { steps } from "./steps.ts";
import type { Row } from "./summary.ts";

const heading = [
  "step",
  "program",
  "wall s (least to greatest)",
  "CPU s",
  "peak memory",
  "sent",
  "received",
  "requests",
  "stored",
  "Holdfast's ÷ its: wall",
  "CPU",
  "memory",
  "stored",
];

/** The rows of one data set and store as a Markdown table, by step. */
export function markdownTable(rows: readonly Row[]): string {
  const sorted = steps.flatMap((step) => rows.filter((row) => row.step === step));
  const lines = [heading, heading.map((_, column) => (column < 2 ? "---" : "--:")), ...sorted.map(cells)];
  return lines.map((line) => `| ${line.join(" | ")} |`).join("\n");
}

function cells(row: Row): string[] {
  const start = [row.step, row.contestant];
  if ("failure" in row) return [...start, `failed: ${oneLine(row.failure)}`, ...heading.slice(3).map(() => "")];
  const { wall, cpu, memory, storedBytes, traffic, ratios } = row;
  return [
    ...start,
    `${formatSeconds(wall.median)} (${range(wall)})`,
    formatSeconds(cpu.median),
    formatBytes(memory.median),
    traffic ? formatBytes(traffic.sentBytes) : "",
    traffic ? formatBytes(traffic.receivedBytes) : "",
    traffic ? traffic.requests.toLocaleString("en") : "",
    storedBytes === undefined ? "" : formatBytes(storedBytes),
    formatRatio(ratios?.wall),
    formatRatio(ratios?.cpu),
    formatRatio(ratios?.memory),
    formatRatio(ratios?.stored),
  ];
}

const range = ({ least, greatest }: Spread): string => `${formatSeconds(least)} to ${formatSeconds(greatest)}`;

export const formatSeconds = (seconds: number): string => formatNumber(seconds, seconds < 10 ? 2 : 1);

/** With as many digits after the point, and no minus before a zero. */
export const formatNumber = (value: number, digits: number): string =>
  value.toFixed(digits).replace(/^-(0(\.0+)?)$/, "$1");

const formatRatio = (ratio: number | undefined): string => (ratio === undefined ? "" : `${ratio.toFixed(2)}×`);

/** The beginning of a message, fit for a cell. */
const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").replaceAll("|", "/").slice(0, 160);

export interface MachineFacts {
  readonly date: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
}

export const describeMachine = ({ date, processor, cores, memoryBytes, system }: MachineFacts): string =>
  `${date}, ${processor}, ${count(cores, "core")}, ${formatBytes(memoryBytes)} of memory, ${system}`;
