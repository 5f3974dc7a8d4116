import { z } from "zod";
import { group, type Kind, type KindName, kinds, version } from "./kinds.ts";
import { policySpec, policyStatus } from "./policy.ts";
import { restoreSpec, restoreStatus } from "./restore.ts";
import { restorePointSpec, restorePointStatus } from "./restorepoint.ts";
import { restoreTestSpec, restoreTestStatus } from "./restoretest.ts";
import { targetSpec, targetStatus } from "./target.ts";

/** A node of an OpenAPI v3 schema. */
type Schema = Record<string, unknown>;

interface Content {
  readonly spec: z.ZodType;
  readonly status?: z.ZodType;
  /** Rules over the whole object, where they need its name. */
  readonly rules?: readonly { readonly rule: string; readonly message: string }[];
}

const contents: Readonly<Record<KindName, Content>> = {
  BackupTarget: {
    spec: targetSpec,
    status: targetStatus,
    rules: [
      {
        rule: 'self.metadata.name.size() <= 63 && !self.metadata.name.contains(".")',
        message: "a BackupTarget's name becomes a label: use at most 63 characters, and no full stop",
      },
    ],
  },
  BackupPolicy: { spec: policySpec, status: policyStatus },
  RestorePoint: { spec: restorePointSpec, status: restorePointStatus },
  Restore: { spec: restoreSpec, status: restoreStatus },
  RestoreTest: { spec: restoreTestSpec, status: restoreTestStatus },
};

/** The CustomResourceDefinition of one kind, ready to be written as YAML. */
export function customResourceDefinition(options: {
  readonly kind: KindName;
  readonly annotations?: Readonly<Record<string, string>>;
}): Schema {
  const kind = kinds[options.kind];
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${kind.plural}.${group}`,
      ...(options.annotations ? { annotations: options.annotations } : {}),
    },
    spec: {
      group,
      scope: "Namespaced",
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.singular,
        shortNames: kind.shortNames,
        categories: ["holdfast"],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: kind.columns,
          schema: { openAPIV3Schema: objectSchema(kind, contents[options.kind]) },
        },
      ],
    },
  };
}

function objectSchema(kind: Kind, content: Content): Schema {
  return {
    type: "object",
    description: kind.description,
    required: ["spec"],
    ...(content.rules ? { "x-kubernetes-validations": content.rules } : {}),
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      spec: { ...structural(content.spec), description: "What is wanted." },
      ...(content.status ? { status: { ...structural(content.status), description: "What was found." } } : {}),
    },
  };
}

/** A structural OpenAPI schema, as CustomResourceDefinitions must have it, of a zod schema. */
export function structural(schema: z.ZodType): Schema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { target: "openapi-3.0", io: "input" }) as Schema;
  return mend(json);
}

/** Puts right, all the way down, what zod writes but a structural schema refuses or does not need. */
function mend(schema: Schema): Schema {
  const mended = [isIntOrString, isPreserved, isObject, isInteger, isFormed]
    .filter(({ test }) => test(schema))
    .reduce((current, { change }) => change(current), schema);
  return Object.fromEntries(
    Object.entries(mended).map(([key, value]): [string, unknown] => {
      if (key === "properties") return [key, mapValues(value as Record<string, Schema>, mend)];
      if (key === "items" || key === "additionalProperties") return [key, mend(value as Schema)];
      return [key, value];
    }),
  );
}

interface Mending {
  readonly test: (schema: Schema) => boolean;
  readonly change: (schema: Schema) => Schema;
}

/** The one union that structural schemas know; the string's pattern moves up beside it. */
const isIntOrString: Mending = {
  test: (schema) => schema["x-kubernetes-int-or-string"] === true,
  change: ({ anyOf, ...rest }) => {
    const pattern = (anyOf as Schema[] | undefined)?.find((branch) => branch.type === "string")?.pattern;
    return { ...rest, anyOf: [{ type: "integer" }, { type: "string" }], ...(pattern ? { pattern } : {}) };
  },
};

const isPreserved: Mending = {
  test: (schema) => schema["x-kubernetes-preserve-unknown-fields"] === true,
  change: ({ additionalProperties: _, ...rest }) => rest,
};

/** The API server prunes or refuses unknown fields by itself; `additionalProperties` may not stand beside `properties`. */
const isObject: Mending = {
  test: (schema) => schema.type === "object",
  change: ({ propertyNames: _, additionalProperties, ...rest }) =>
    additionalProperties === false || additionalProperties === undefined ? rest : { ...rest, additionalProperties },
};

/** The bounds of JavaScript's whole numbers say nothing. */
const isInteger: Mending = {
  test: (schema) => schema.type === "integer",
  change: ({ minimum, maximum, ...rest }) => ({
    ...rest,
    format: "int64",
    ...(minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? {} : { minimum }),
    ...(maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? {} : { maximum }),
  }),
};

/** A form that a rule judges, with a message for people, is not judged a second time by its bare pattern. */
const isFormed: Mending = {
  test: (schema) =>
    ((schema["x-kubernetes-validations"] as { rule: string }[] | undefined) ?? []).some((validation) =>
      validation.rule.startsWith("self.matches("),
    ),
  change: ({ pattern: _, ...rest }) => rest,
};

const mapValues = <A, B>(record: Record<string, A>, change: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
