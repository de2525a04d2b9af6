import type { AggregateRef, AutomationDefinition, Run } from '@cs/contracts';
import type { ConsumerOutcome } from '@cs/eventing';

/** The run may be claimed now; or it stays queued, and this is what becomes of its message. */
export type Admitted =
  | { readonly kind: 'admitted'; /** Called once the run is at rest or lost. */ readonly release: () => Promise<void> | void }
  | { readonly kind: 'held'; readonly outcome: ConsumerOutcome };

/** Decides whether a run that became runnable is executed now (capacity, locks, rates, fairness: domain 3.5). */
export interface Admission {
  /** Also called for a run that executes or rests already, when its message comes again: it is admitted, and releases what it held. */
  admit(ref: AggregateRef, run: Run, definition: AutomationDefinition): Promise<Admitted>;
}
