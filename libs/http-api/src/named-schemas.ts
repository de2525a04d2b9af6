import { automationDefinitionSchema, eventCatalogue, governanceActorSchema, runImportSchema, type EventTable } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { z } from 'zod';
import { schemaDocument, type JsonSchema } from './json-schema.js';

/** Body of a published event (CS_EVENTS). */
export const publishedEventSchema = z.object({
  event_id: z.string(),
  event_type: z.string(),
  aggregate: z.string(),
  aggregate_id: z.string(),
  org_id: z.string(),
  workspace_id: z.string(),
  seq: z.int().positive().describe('Counts the events of one aggregate from 1'),
  position: z.int().nonnegative().describe('Where the commit of the event stands in the log'),
  status: z.string().describe('Status of the aggregate after the commit'),
  occurred_at_ms: z.int().nonnegative().describe('Milliseconds since the Unix epoch'),
  actor: governanceActorSchema.optional(),
  data: z.custom<Json>().describe('See the schema of the event type'),
});

export interface CataloguedEvent {
  readonly aggregate: string;
  readonly type: string;
  readonly version: number;
  readonly summary: string;
  readonly data: z.ZodType;
  /** Type of the protected audit record that the event yields, if any. */
  readonly audit: string | undefined;
}

/** Every event of the catalogue, in its order. */
export const cataloguedEvents: readonly CataloguedEvent[] = Object.entries(eventCatalogue).flatMap(([aggregate, events]) =>
  Object.entries(events satisfies EventTable as EventTable).map(([type, { version, summary, data, audit }]) => ({ aggregate, type, version, summary, data, audit })));

/** A definition as a file has it: with the member that tells an editor where its schema is. */
const automationFileSchema = automationDefinitionSchema
  .extend({ $schema: z.string().max(2048).optional().describe('Where an editor finds this schema. Not part of the definition.') })
  .describe('A definition of an automation, as a YAML or JSON file. Members are in snake_case: the API also reads the camelCase spelling of each, which this schema does not describe. What a schema cannot say (references between nodes, expressions, cycles) is checked when a definition is stored.');

const sources: ReadonlyMap<string, () => JsonSchema> = new Map([
  ['automation', () => schemaDocument(automationFileSchema, { io: 'input', title: 'Automation definition' })],
  ['run-import', () => schemaDocument(runImportSchema, { io: 'input', title: 'History of a run of another system, to be imported' })],
  ['event', () => schemaDocument(publishedEventSchema, { io: 'output', title: 'Published event' })],
  ...cataloguedEvents.map(({ aggregate, type, data, version }): [string, () => JsonSchema] =>
    [`${aggregate}.${type}`, () => schemaDocument(data, { io: 'output', title: `${aggregate}.${type}, version ${version}` })]),
]);

/** Names that `/schemas/{name}` knows. */
export const schemaNames: readonly string[] = [...sources.keys()];

/** One JSON Schema by name; `undefined` for an unknown name. */
export const namedSchemaDocument = (name: string): JsonSchema | undefined => sources.get(name)?.();
