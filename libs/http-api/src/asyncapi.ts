import { cloudEventHeaders, cloudEventTypePrefix, streams } from '@cs/contracts';
import { z } from 'zod';
import { embeddedSchema, type JsonSchema } from './json-schema.js';
import { cataloguedEvents, publishedEventSchema, type CataloguedEvent } from './named-schemas.js';

const schemaPrefix = '#/components/schemas/';
const messageName = ({ aggregate, type }: CataloguedEvent): string => `${aggregate}.${type}`;
const aggregates = [...new Set(cataloguedEvents.map((event) => event.aggregate))];

const headers = z.object({
  [cloudEventHeaders.specVersion]: z.literal('1.0'),
  [cloudEventHeaders.id]: z.string(),
  [cloudEventHeaders.source]: z.string(),
  [cloudEventHeaders.type]: z.string().describe(`\`${cloudEventTypePrefix}<event type>\``),
  [cloudEventHeaders.subject]: z.string(),
  [cloudEventHeaders.time]: z.iso.datetime(),
  [cloudEventHeaders.contentType]: z.literal('application/json'),
  [cloudEventHeaders.traceParent]: z.string().optional(),
  [cloudEventHeaders.position]: z.string().describe('Position of the commit in the log'),
  [cloudEventHeaders.index]: z.string().describe('Place of the event in its commit, from 0'),
});

const message = (event: CataloguedEvent): JsonSchema => ({
  name: messageName(event), title: event.type, summary: event.summary, contentType: 'application/json',
  headers: { $ref: `${schemaPrefix}CloudEventHeaders` },
  payload: { allOf: [{ $ref: `${schemaPrefix}PublishedEvent` }, { type: 'object', properties: { event_type: { const: event.type }, data: { $ref: `${schemaPrefix}${messageName(event)}` } } }] },
});

const parameters: JsonSchema = {
  org_id: { description: 'Organisation; a tenant sees only its own' },
  workspace_id: { description: 'Workspace in the organisation' },
  id: { description: 'Id of the aggregate' },
  event_type: { description: 'Type of the event; subscribe to one type with a literal and to all with `*`' },
};

const channel = (aggregate: string): JsonSchema => ({
  address: `cs.events.{org_id}.{workspace_id}.${aggregate}.{id}.{event_type}`,
  title: aggregate,
  description: `Events of aggregate "${aggregate}" in stream ${streams.events.name}, each once, in order, after it can be queried.`,
  parameters,
  messages: Object.fromEntries(cataloguedEvents.filter((event) => event.aggregate === aggregate).map((event) => [messageName(event), { $ref: `#/components/messages/${messageName(event)}` }])),
});

/** The published events as AsyncAPI 3, generated from the event catalogue. */
export const asyncApiDocument = ({ version }: { readonly version: string }): JsonSchema => ({
  asyncapi: '3.0.0',
  info: {
    title: 'Countersign events', version,
    description: 'CloudEvents 1.0 in NATS binary mode. The same events are served over HTTP by `GET /automations/v2/events`.',
    license: { name: 'Apache-2.0' },
  },
  defaultContentType: 'application/json',
  channels: Object.fromEntries(aggregates.map((aggregate) => [aggregate, channel(aggregate)])),
  operations: Object.fromEntries(aggregates.map((aggregate) => [`follow_${aggregate}`, {
    action: 'send', channel: { $ref: `#/channels/${aggregate}` }, summary: `Countersign publishes the events of aggregate "${aggregate}".`,
  }])),
  components: {
    messages: Object.fromEntries(cataloguedEvents.map((event) => [messageName(event), message(event)])),
    schemas: {
      CloudEventHeaders: embeddedSchema(headers, 'output'),
      PublishedEvent: embeddedSchema(publishedEventSchema, 'output'),
      ...Object.fromEntries(cataloguedEvents.map((event) => [messageName(event), embeddedSchema(event.data, 'output')])),
    },
  },
});
