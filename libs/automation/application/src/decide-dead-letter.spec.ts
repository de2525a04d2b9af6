import type { RecoveryOption, StoredDeadLetter } from '@cs/contracts';
import { deadLetterAggregate, loadAggregate } from '@cs/eventing';
import { decideLetter } from './decide-dead-letter.command-handler.js';
import { callBy, InMemoryApplication, refusalOf, tenant, valueOf } from './in-memory-application.fixture.js';

const letterOf = (consumer: string, recovery_options: readonly RecoveryOption[], source_type: StoredDeadLetter['source_type'] = 'message'): StoredDeadLetter => ({
  dead_letter_id: `${consumer}-7`, source_type, source_id: '7', consumer, subject: 'cs.log.acme.ops.run.r1.queued', stream_sequence: 7, deliveries: 5, reason: 'cannot be read', status: 'open', opened_at_ms: 1, run_id: null, recovery_options,
});

describe('a dead letter that is decided by itself', () => {
  const app = new InMemoryApplication();
  const options = { eventing: app.eventing, definitions: app.definitions, evaluator: app.evaluator, changes: { announce: () => undefined, listen: () => () => undefined } };
  const decide = (letter: StoredDeadLetter, choice: 'retry' | 'ignore') => decideLetter(options, callBy(), { letter, request: { choice } });
  const statusOf = async ({ dead_letter_id }: StoredDeadLetter) => (await loadAggregate({ store: app.store, aggregate: deadLetterAggregate }, { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'dead_letter', id: dead_letter_id })).state?.status;

  it.each(['retry', 'ignore'] as const)('takes no choice that it does not offer: %s', async (choice) => {
    const letter = letterOf('projector', []);
    expect(refusalOf(await decide(letter, choice))).toMatchObject({ code: 'stateful_dead_letter_choice_unavailable', details: { recovery_options: [] } });
    expect(await statusOf(letter)).toBeUndefined();
  });

  it('is not asked to be retried where nothing handles it once more, whatever its row says; and can still be closed', async () => {
    for (const letter of [letterOf('projector', ['retry', 'ignore']), letterOf('runner', ['retry', 'ignore'], 'stateful_wait')]) {
      expect(refusalOf(await decide(letter, 'retry')).code).toBe('stateful_dead_letter_choice_unavailable');
      expect(valueOf(await decide(letter, 'ignore')).decided.status).toBe('ignored');
      expect(refusalOf(await decide(letter, 'retry')).code).toBe('stateful_dead_letter_choice_unavailable');
    }
  });

  it('is retried by the service whose consumer set it aside', async () => {
    const letter = letterOf('runner--timers', ['retry', 'ignore']);
    expect(valueOf(await decide(letter, 'retry')).decided.status).toBe('retry_requested');
  });
});
