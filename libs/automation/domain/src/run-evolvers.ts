import type { Run, RunEvent } from '@cs/contracts';

/** A run event as recorded: with its time. */
export type RecordedRunEvent = RunEvent & { readonly recorded_at_ms: number };
export type RunEventType = RunEvent['event_type'];
export type RunEventNamed<Type extends RunEventType> = Extract<RecordedRunEvent, { event_type: Type }>;

/** What each event of a kind makes of a run that exists. Its version and time are counted already. */
export type Evolvers<Type extends RunEventType> = { readonly [Name in Type]: (run: Run, event: RunEventNamed<Name>) => Run };
