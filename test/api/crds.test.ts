import { beforeAll, describe, expect, test } from "vitest";
import { group, kinds } from "../../src/api/kinds.ts";
import { applyDefinitions, kubectl } from "./cluster.ts";

beforeAll(applyDefinitions);

describe.each(Object.values(kinds))("$kind", ({ plural, columns }) => {
  test("is established, under the names it asked for, with a structural schema", () => {
    const { status } = JSON.parse(kubectl("get", "crd", `${plural}.${group}`, "-o", "json"));
    const conditions = Object.fromEntries(
      status.conditions.map((condition: { type: string; status: string }) => [condition.type, condition.status]),
    );
    expect(conditions).toMatchObject({ Established: "True", NamesAccepted: "True" });
    expect(conditions.NonStructuralSchema ?? "False").toBe("False");
  });

  test("shows its columns", () => {
    const table = JSON.parse(
      kubectl("get", "--raw", `/apis/${group}/v1alpha1/${plural}?limit=1`, "--request-timeout=30s"),
    );
    expect(table.kind).toMatch(/List$/);
    const definition = JSON.parse(kubectl("get", "crd", `${plural}.${group}`, "-o", "json"));
    const shown = definition.spec.versions[0].additionalPrinterColumns.map((column: { name: string }) => column.name);
    expect(shown).toEqual(columns.map((column) => column.name));
  });

  test("is explained to people", () => {
    expect(kubectl("explain", `${plural}.spec`)).toMatch(/DESCRIPTION:\s+What is wanted\./);
  });
});

test("kubectl explains a field of a field", () => {
  expect(kubectl("explain", "backuppolicy.spec.schedules.cron")).toContain("minute, hour, day of month");
});
