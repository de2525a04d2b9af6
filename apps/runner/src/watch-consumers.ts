import { statusSubjects, streams, type HandoffEvent } from '@cs/contracts';
import { done, loadAggregate, type ConsumerOutcome, type StoredCommit } from '@cs/eventing';
import type { ConsumerDefinition } from '@cs/jetstream';
import { evaluateWatch, followWatch, runAggregate, watchingAutomation, type WatchOptions } from '@cs/automation-application';
import { LruCache } from '@cs/kernel';
import { handleCommit } from './read-commit.js';

/**
 * Most automations watch nothing, and most commits are of runs: what was found is believed for so long. An
 * automation that begins to watch is looked at then; what this overlooks in between, the sweep finds.
 */
const believedMs = 5000;

const automationOf = async ({ ref, commit }: StoredCommit, { eventing: { store } }: WatchOptions): Promise<string | undefined> =>
  commit.events.at(-1)?.correlation_id ?? (await loadAggregate({ store, aggregate: runAggregate }, ref)).state?.automation_id;

/** A run has ended: its automation may take the next handoff. */
const afterRun = (options: WatchOptions) => {
  const notWatching = new LruCache<string, number>(10_000);
  return async (stored: StoredCommit): Promise<ConsumerOutcome> => {
    const id = await automationOf(stored, options);
    if (id === undefined) return done;
    const ref = { ...stored.ref, aggregate: 'automation', id } as const;
    const key = `${ref.org_id}/${ref.workspace_id}/${id}`;
    if ((notWatching.get(key) ?? 0) > options.eventing.clock()) return done;
    if ((await watchingAutomation(options, ref)) !== undefined) return await evaluateWatch(options, ref, { position: stored.position });
    notWatching.set(key, options.eventing.clock() + believedMs);
    return done;
  };
};

const afterApproval = async (options: WatchOptions, { ref, commit, position }: StoredCommit): Promise<ConsumerOutcome> => {
  const [event] = commit.events as unknown as readonly HandoffEvent[];
  if (event === undefined) return done;
  const id = event.event_type === 'handoff_deposited' ? event.data.handoff.target_automation_id : event.data.target_automation_id;
  return await evaluateWatch(options, { ...ref, aggregate: 'automation', id }, { position, handoff_id: ref.id });
};

const settings = { ackWaitMs: 5000, maxInFlight: 32, maxDeliver: 50, stream: streams.log.name };
const ended = ['completed', 'failed', 'blocked', 'cancelled'].map((status) => statusSubjects('run', status));

/** What makes watch conditions worth a look, and what follows when one holds. */
export const watchConsumers = (options: WatchOptions): readonly ConsumerDefinition[] => {
  const { store } = options.eventing;
  const onRunEnd = afterRun(options);
  return [
    { ...settings, durable: 'runner--watch-handoffs', filters: [statusSubjects('handoff', 'approved')], handle: (message) => handleCommit(message, store, (stored) => afterApproval(options, stored)) },
    {
      ...settings, durable: 'runner--watch-automations', filters: [statusSubjects('automation', 'active')],
      handle: (message) => handleCommit(message, store, ({ ref, position }) => evaluateWatch(options, ref, { position })),
    },
    { ...settings, durable: 'runner--watch-runs', filters: ended, start: 'new', handle: (message) => handleCommit(message, store, onRunEnd) },
    { ...settings, durable: 'runner--watch-triggers', filters: [statusSubjects('watch', 'triggered')], handle: (message) => handleCommit(message, store, (stored) => followWatch(options, stored)) },
  ];
};
