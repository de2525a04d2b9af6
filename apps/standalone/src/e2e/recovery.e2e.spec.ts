import { jest } from '@jest/globals';
import type { CompensationRecord, LedgerDeadLetter, OutboxRecord, ToolEffectRecord } from '@cs/contracts';
import { eventually } from '@cs/testing';
import { Client, shortTypes, type Answer } from './client.fixture.js';
import { EffectsPeer } from './effects-peer.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(180_000);

interface Listed {
  readonly outbox: readonly OutboxRecord[];
  readonly tool_effects: readonly ToolEffectRecord[];
  readonly dead_letters: readonly LedgerDeadLetter[];
  readonly compensations: readonly CompensationRecord[];
}

describe('a refund whose notification fails, over HTTP, every service its own process', () => {
  let system: System;
  let client: Client;
  let peer: EffectsPeer;

  beforeAll(async () => {
    peer = await EffectsPeer.start();
    system = await System.start();
    await system.startService('runner', { as: 'runner-2' });
    client = new Client(system.url, system.paymentsUrl);
    const post = (node_id: string, path: string, extra: object = {}) => ({ node_id, objective: node_id, ...extra, action: { kind: 'http', method: 'POST', url: `${peer.url}${path}/{{ run.run_id }}/${node_id}` } });
    await client.define({
      automation_id: 'refund-and-tell', name: 'Refund and tell', status: 'active',
      flow: {
        nodes: [
          post('refund', '/do'),
          post('notify', '/broken', {
            depends_on: ['refund'],
            compensate: { rollback_instruction: 'Tell the customer by letter.', action: { kind: 'http', method: 'POST', url: `${peer.url}/do/{{ run.run_id }}/letter`, body: { undoes: '{{ compensates.effect_id }}' } } },
          }),
        ],
      },
    });
  });
  afterAll(async () => {
    await system.stop();
    await peer.stop();
  });

  const sent = (run: string, step: string) => peer.sent.filter(({ path }) => path.endsWith(`${run}/${step}`));
  const list = async (run: string, query = ''): Promise<Listed> => (await client.call('GET', `/stateful-runtime/runs/${run}/reliability${query}`)).body as unknown as Listed;
  const choose = (run: string, body: object): Promise<Answer> => client.insist('POST', `/stateful-runtime/runs/${run}/resume-plan`, body);
  const decide = (run: string, compensation: string, body: object): Promise<Answer> => client.insist('POST', `/stateful-runtime/runs/${run}/compensations/${compensation}`, body);
  const untilListed = async (run: string, condition: (listed: Listed) => boolean): Promise<Listed> => {
    await eventually(async () => condition(await list(run)), { timeoutMs: 60_000 });
    return await list(run);
  };
  const failing = async (): Promise<string> => {
    peer.isBroken = true;
    const run = await client.start('refund-and-tell');
    expect((await client.untilFinished(run)).status).toBe('failed');
    return run;
  };

  it('leaves a dead letter and a proposal, and a plan that says what can be done; nothing is executed unasked', async () => {
    const run = await failing();
    const { outbox, tool_effects, dead_letters, compensations } = await untilListed(run, (listed) => listed.compensations.length === 1);
    expect(tool_effects.map(({ node_id, status }) => [node_id, status]).sort()).toEqual([['notify', 'failed'], ['refund', 'succeeded']]);
    expect(outbox.map(({ node_id, status }) => [node_id, status]).sort()).toEqual([['notify', 'dead_lettered'], ['refund', 'sent']]);
    expect(dead_letters).toMatchObject([{ source_type: 'tool_effect', status: 'open', node_id: 'notify', recovery_options: ['retry', 'ignore', 'abandon', 'compensate'] }]);
    expect(compensations).toMatchObject([{ status: 'proposed', approval_required: true, rollback_instruction: 'Tell the customer by letter.' }]);
    const { status, body } = await client.call('GET', `/stateful-runtime/runs/${run}/resume-plan`);
    expect([status, body['run_status']]).toEqual([200, 'failed']);
    expect((body['operator_choices'] as readonly { choice: string }[]).map(({ choice }) => choice)).toEqual(['abandon_with_audit', 'resume_from_checkpoint', 'retry_failed_effect', 'reconcile_external_effect', 'compensate_pending_effects']);
    expect(sent(run, 'letter')).toEqual([]);
  });

  it('is retried by itself until the peer is well: what was done is not done again', async () => {
    const run = await failing();
    const { status, body } = await choose(run, { choice: 'retry_failed_effect', reason: 'the peer is being repaired' });
    expect([status, body['dispatched'], body['execution_mode']]).toEqual([200, true, 'automatic_retry_dispatch']);
    await eventually(() => sent(run, 'notify').length >= 3, { timeoutMs: 60_000 });
    peer.isBroken = false;
    await client.until(run, (one) => one.status === 'completed');
    expect([sent(run, 'refund').length, peer.done.get(`/broken/${run}/notify`)]).toEqual([1, 1]);
    const { dead_letters } = await untilListed(run, (listed) => listed.dead_letters[0]?.status === 'resolved');
    expect(dead_letters).toMatchObject([{ operator_disposition: 'retry_succeeded', metadata: { superseded_by_success: true } }]);
    expect((await list(run, '?active_recovery_only=true')).dead_letters).toEqual([]);
  });

  it('is compensated once a person has approved it, once, with a receipt', async () => {
    const run = await failing();
    const asked = await choose(run, { choice: 'compensate' });
    expect([asked.status, asked.body['dispatched']]).toEqual([200, false]);
    const { compensations: [proposal] } = await untilListed(run, ({ compensations }) => compensations[0]?.status === 'awaiting_approval');
    const id = proposal?.compensation_id ?? '';
    expect((await client.call('POST', `/stateful-runtime/runs/${run}/compensations/${id}`, { body: { decision: 'approve' }, headers: { 'x-tandem-agent-id': 'helper', 'idempotency-key': 'agent-1' } })).body).toMatchObject({ code: 'AUTOMATION_V2_GATE_REQUIRES_HUMAN' });
    expect(sent(run, 'letter')).toEqual([]);
    const approvals = await Promise.all([decide(run, id, { decision: 'approve', reason: 'write to them' }), decide(run, id, { decision: 'approve' })]);
    expect(approvals.map(({ status }) => status)).toEqual([200, 200]);
    const { compensations, tool_effects, dead_letters } = await untilListed(run, (listed) => listed.compensations[0]?.status === 'completed');
    expect(sent(run, 'letter').map(({ key }) => key)).toEqual([`${run}:notify:0:compensation`]);
    const receipt = tool_effects.find(({ effect_id }) => effect_id === compensations[0]?.receipt_effect_id);
    expect(receipt).toMatchObject({ status: 'succeeded', compensation_id: id, receipt_payload_redacted: { status: 200 } });
    expect(dead_letters).toMatchObject([{ status: 'linked_to_compensation', compensation_id: id }]);
    expect(shortTypes(await client.timeline(run)).filter((type) => type.startsWith('compensation_'))).toEqual(['compensation_proposed', 'compensation_moved', 'compensation_moved', 'compensation_started', 'compensation_completed']);
    expect((await decide(run, id, { decision: 'cancel' })).body).toMatchObject({ code: 'stateful_compensation_not_pending' });
    expect((await choose(run, { choice: 'compensate', target_effect_id: compensations[0]?.target_effect_id })).body).toMatchObject({ recorded: true, dispatched: false, already_completed: true, receipt_effect_id: receipt?.effect_id });
    expect(await choose(run, { choice: 'compensate', target_effect_id: 'effect-0000000000000000' })).toMatchObject({ status: 404, body: { code: 'stateful_effect_not_found' } });
  });

  it('is closed by an operator, and unknown ones are unknown', async () => {
    const run = await failing();
    const { dead_letters: [letter] } = await untilListed(run, (listed) => listed.dead_letters.length === 1);
    const id = letter?.dead_letter_id ?? '';
    expect(await client.insist('POST', `/dead-letters/${id}`, { choice: 'ignore', reason: 'told by phone' })).toMatchObject({ status: 200, body: { status: 'ignored', run_id: run } });
    await untilListed(run, (listed) => listed.dead_letters[0]?.status === 'ignored');
    expect(await client.insist('POST', '/dead-letters/no-such-letter', { choice: 'retry' })).toMatchObject({ status: 404, body: { code: 'stateful_dead_letter_not_found' } });
    expect(await choose('automation-v2-run-00000000-0000-4000-8000-000000000000', { choice: 'compensate' })).toMatchObject({ status: 404, body: { code: 'stateful_run_not_found' } });
    expect(await choose(run, { choice: '' })).toMatchObject({ status: 400, body: { code: 'stateful_recovery_choice_required' } });
  });
});
