import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isAggregateName, recordedEventSchema, type AggregateName, type RecordedEvent } from '@cs/contracts';

/** An event as it stands in logs, of any type that there is. */
export interface GoldenEvent {
  readonly aggregate: AggregateName;
  readonly event: RecordedEvent;
}

const folder = path.resolve(import.meta.dirname, '../../../libs/contracts/src/golden');
/** The run that the golden events are about. */
const goldenRun = /automation-v2-run-(?:0b0a6c4e[0-9a-f-]+|1)(?![0-9a-z])/g;

const files = readdirSync(folder).sort();
const texts = files.flatMap((file) => {
  const aggregate = file.split('.')[0] ?? '';
  // A key signs from its commit on: that has properties of its own.
  return isAggregateName(aggregate) && aggregate !== 'audit_key' ? [{ aggregate, text: readFileSync(path.join(folder, file), 'utf8') }] : [];
});

const withRun = (text: string, run: string): RecordedEvent => recordedEventSchema.parse(JSON.parse(text.replaceAll(goldenRun, run)));

export const goldenCount = texts.length;

/** The golden event of a number, about a run of that id. */
export const goldenEvent = (number: number, run: string): GoldenEvent => {
  const golden = texts[number % texts.length];
  if (golden === undefined) throw new Error('there are no golden events');
  return { aggregate: golden.aggregate, event: withRun(golden.text, run) };
};
