import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { recordedEventSchema, type RecordedEvent } from './commit.schema.js';
import { eventCatalogue, isAggregateName, type AggregateName } from './events/catalogue.js';
import { upcastEvent, type EventTable } from './events/event-catalogue.js';

/**
 * Events as earlier releases recorded them: `{aggregate}.{event_type}.v{version}.json`. A file never
 * changes once its version was released; a new version of an event gets a file of its own.
 */
const folder = path.join(import.meta.dirname, 'golden');

interface Golden {
  readonly file: string;
  readonly aggregate: AggregateName;
  readonly type: string;
  readonly version: number;
  readonly event: RecordedEvent;
}

const read = (file: string): Golden => {
  const [, aggregate = '', type = '', version = ''] = /^([a-z_]+)\.([a-z_]+)\.v(\d+)\.json$/.exec(file) ?? [];
  if (!isAggregateName(aggregate)) throw new Error(`${file}: not named {aggregate}.{event_type}.v{version}.json`);
  return { file, aggregate, type, version: Number(version), event: recordedEventSchema.parse(JSON.parse(readFileSync(path.join(folder, file), 'utf8'))) };
};

const golden = readdirSync(folder).sort().map(read);
const catalogue = Object.entries(eventCatalogue).flatMap(([aggregate, table]) => Object.entries<EventTable[string]>(table).map(([type, definition]) => ({ aggregate, type, ...definition })));

describe('recorded events', () => {
  it.each(catalogue)('exist of every version of $aggregate $type', ({ aggregate, type, version }) => {
    const versions = golden.filter((found) => found.aggregate === aggregate && found.type === type).map((found) => found.version);
    expect(versions).toEqual(Array.from({ length: version }, (_, index) => index + 1));
  });

  it.each(golden)('can be read today: $file', ({ aggregate, type, version, event }) => {
    expect(event).toMatchObject({ event_type: type, version });
    expect(() => upcastEvent(eventCatalogue[aggregate], type, event)).not.toThrow();
  });

  const current = golden.filter(({ aggregate, type, version }) => (eventCatalogue[aggregate] as EventTable)[type]?.version === version);
  it.each(current)('keep every member when they are read: $file', ({ aggregate, type, event }) => {
    expect(upcastEvent(eventCatalogue[aggregate], type, event)).toEqual(event.data);
  });
});
