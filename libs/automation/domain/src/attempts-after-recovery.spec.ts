import type { Run, RunEvent } from '@cs/contracts';
import { claimBy, failed, failure, history } from './run-history.fixture.js';
import { definitionOf, foldEvents, nodes, now } from './run-scenario.fixture.js';
import { decideRun } from './run.decider.js';
import type { RunCommand } from './run.commands.js';
import type { RunState } from './run.state.js';

const retry_policy = { max_attempts: 2, retryable_failure_classes: ['*'], backoff: { strategy: 'fixed' as const, initial_delay_ms: 1000, multiplier: 1 }, terminal_behavior: { mode: 'fail_run' as const } };
const definition = definitionOf(nodes.http('pay', [], { retry_policy }), nodes.http('other'));
const { created, claimed } = history(definition);
const stale: RunEvent = { event_type: 'run_paused_stale_no_provider_activity', data: { reason: 'stale_no_provider_activity', idle_ms: 700_000, repairable_nodes: [], unknown_nodes: [] } };

/** A run on which commands are decided and folded one after the other. */
class Story {
  #state: RunState = foldEvents([created, claimed(1)]);
  #atMs = now;

  get run(): Run {
    return this.#state ?? fail();
  }

  when(...commands: readonly RunCommand[]): readonly RunEvent[] {
    return commands.flatMap((command) => {
      this.#atMs += 2000;
      const decision = decideRun(command, this.#state, { at_ms: this.#atMs, definition });
      if (decision.kind === 'refused') throw new Error(JSON.stringify(decision));
      return this.happened(...decision.events);
    });
  }

  happened(...events: readonly RunEvent[]): readonly RunEvent[] {
    this.#state = foldEvents(events, this.#state);
    return events;
  }

  /** The run was quiet for too long, an operator recovers it, and a runner takes it. */
  recovered(): void {
    this.happened(stale);
    this.when({ type: 'recover_run' });
    this.when(claimBy('runner-2', this.run.queued_at_version));
  }

  attempt(result = failed({ failure: { kind: 'odd', message: 'no' }, effect: 'not_sent', usage: { total_tokens: 1 } })): readonly RunEvent[] {
    this.when({ type: 'start_node', node_id: 'pay', mode: 'keyed' });
    return this.when({ type: 'finish_node', node_id: 'pay', attempt: this.run.checkpoint.in_progress['pay']?.attempt ?? 0, result });
  }
}

const idsOf = (events: readonly RunEvent[]): readonly string[] => events.flatMap((event) => {
  if (event.event_type === 'node_retry_backoff_scheduled') return [event.data.wait.wait_id];
  return event.event_type === 'run_usage_recorded' ? [event.data.usage_id] : [];
});
const outcomeOf = (events: readonly RunEvent[]): readonly string[] => events.map(({ event_type }) => event_type).filter((type) => type.startsWith('node_'));

describe('a node that begins anew after a recovery from a stale pause', () => {
  it('has all its attempts again, and none of its waits, children or reports has the id of one before', () => {
    const story = new Story();
    const before = story.attempt();
    story.when({ type: 'wake_wait', wait_id: idsOf(before)[0] ?? '' });
    story.recovered();
    const first = story.attempt();
    expect(outcomeOf(first)).toEqual(['node_retry_backoff_scheduled']);
    expect(first[0]).toMatchObject({ data: { attempt: 2, next_attempt: 3, max_attempts: 3 } });
    expect(new Set([...idsOf(before), ...idsOf(first)]).size).toBe(4);
    story.when({ type: 'wake_wait', wait_id: idsOf(first)[0] ?? '' });
    expect(outcomeOf(story.attempt())).toEqual(['node_failed']);
  });

  it('keeps the key of its effect', () => {
    const story = new Story();
    const before = story.attempt();
    story.when({ type: 'wake_wait', wait_id: idsOf(before)[0] ?? '' });
    story.recovered();
    const [again] = story.when({ type: 'start_node', node_id: 'pay', mode: 'keyed' });
    expect(again).toMatchObject({ event_type: 'node_started', data: { attempt: 2, effect: { idempotency_key: `${story.run.run_id}:pay:0` } } });
  });

  it('counts from one, under another generation, when it is reset later', () => {
    const story = new Story();
    story.when({ type: 'wake_wait', wait_id: idsOf(story.attempt())[0] ?? '' });
    story.recovered();
    story.happened({ event_type: 'node_started', data: { node_id: 'pay', attempt: 2 } }, { event_type: 'node_failed', data: { node_id: 'pay', attempt: 2, failure } }, { event_type: 'run_failed', data: { detail: 'x', node_id: 'pay' } });
    story.when({ type: 'recover_run' });
    expect(story.run.checkpoint).toMatchObject({ node_attempts: {}, earlier_attempts: {}, node_generations: { pay: 1 } });
  });
});
