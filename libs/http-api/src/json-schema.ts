import { z } from 'zod';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** `input`: what a client may send; `output`: what it gets. */
export type Side = 'input' | 'output';

/** Answers may gain members in a later release, so only what clients send is closed. */
const keepOpen: NonNullable<Parameters<typeof z.toJSONSchema>[1]>['override'] = ({ zodSchema, jsonSchema }) => {
  const { def } = zodSchema._zod;
  if (def.type === 'object' && def.catchall === undefined) delete jsonSchema.additionalProperties;
};

const options = (io: Side) => ({ io, target: 'draft-2020-12', unrepresentable: 'any', override: keepOpen }) as const;

const withoutDialect = ({ $schema: _, $id: __, ...schema }: Record<string, unknown>): JsonSchema => schema;

/** One schema on its own, without `$schema`, to be part of a larger document. */
export const embeddedSchema = (schema: z.ZodType, io: Side): JsonSchema => withoutDialect({ ...z.toJSONSchema(schema, options(io)) });

/** One schema as a document of its own. */
export const schemaDocument = (schema: z.ZodType, { io, title }: { readonly io: Side; readonly title: string }): JsonSchema => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema', title, ...embeddedSchema(schema, io),
});

/** Several schemas that refer to one another by `prefix` and name. */
export const linkedSchemas = (schemas: Readonly<Record<string, z.ZodType>>, { io, prefix }: { readonly io: Side; readonly prefix: string }): Readonly<Record<string, JsonSchema>> => {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { ...options(io), uri: (id) => `${prefix}${id}` });
  return Object.fromEntries(Object.entries(made.schemas).map(([id, schema]) => [id, withoutDialect({ ...schema })]));
};
