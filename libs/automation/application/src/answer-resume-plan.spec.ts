import { decideRun, recoveryOf, type RunCommand } from '@cs/automation-domain';
import type { RecoveryChosen, StoredDeadLetter } from '@cs/contracts';
import { deadLetterAggregate, executeCommand, loadAggregate } from '@cs/eventing';
import { accepted, refused, type Json, type Result } from '@cs/kernel';
import { answerResumePlan } from './answer-resume-plan.command-handler.js';
import { ada, callBy, nodes, refusalOf, tenant, valueOf } from './in-memory-application.fixture.js';
import { runAggregate } from './run.aggregate.js';
import { StepWorld } from './step-world.fixture.js';

/** A run that paid, and whose notification was refused; beside it in its plan, letters that it does not decide. */
class PlannedRun extends StepWorld {
  run_id = '';
  readonly letters: StoredDeadLetter[] = [];

  async begin(): Promise<this> {
    this.answer = (step) => (step.url.endsWith('/notify') ? { kind: 'failed', failure: { kind: 'http_status', message: 'refused' }, effect: 'answered', retryable: false } : { kind: 'succeeded', output: { status: 200 } });
    const compensate = { action: { kind: 'http', method: 'POST', url: 'http://peer/undo' } };
    const undone = (node: Json): Json => ({ ...(node as object), compensate });
    await this.define('refunds', [undone(nodes.http('pay')), undone(nodes.http('notify', {}, ['pay']))]);
    this.run_id = await this.startOf('refunds');
    await this.drive();
    return this;
  }

  get options() {
    const { eventing, definitions, evaluator } = this.app;
    const found = (id: string): Result<StoredDeadLetter> => {
      const letter = this.letters.find(({ dead_letter_id }) => dead_letter_id === id);
      return letter === undefined ? refused('stateful_dead_letter_not_found', 'none') : accepted(letter);
    };
    return { eventing, definitions, evaluator, changes: { announce: () => undefined, listen: () => () => undefined }, findLetter: (_context: unknown, id: string) => Promise.resolve(found(id)) };
  }

  answerPlan(choice: string, named: { readonly dead_letter_id?: string; readonly compensation_id?: string; readonly target_effect_id?: string } = {}) {
    return answerResumePlan(this.options, callBy(), { run_id: this.run_id, choice, ...named });
  }

  async chosen(...[choice, named]: Parameters<PlannedRun['answerPlan']>): Promise<RecoveryChosen> {
    return valueOf(await this.answerPlan(choice, named)).chosen;
  }

  async refusal(...[choice, named]: Parameters<PlannedRun['answerPlan']>) {
    return refusalOf(await this.answerPlan(choice, named));
  }

  async command(command: RunCommand): Promise<void> {
    const run = await this.app.run(this.run_id);
    const definition = await this.app.definitions.get(run.tenant_context, run.workflow_definition_snapshot_hash);
    await executeCommand(this.refOf(this.run_id), { eventing: this.app.eventing, aggregate: runAggregate, context: {}, decide: (state, at_ms) => decideRun(command, state, { at_ms, definition }) });
  }

  lists(dead_letter_id: string, source_type: 'stateful_wait' | 'message', run_id: string | null = this.run_id): void {
    this.letters.push({
      dead_letter_id, source_type, source_id: 'w', consumer: source_type === 'message' ? 'runner--timers' : 'runner', subject: `cs.log.acme.ops.run.${this.run_id}.failed`, stream_sequence: 7, deliveries: 1, reason: 'nobody came', status: 'open', opened_at_ms: 1,
      run_id, recovery_options: source_type === 'message' ? ['retry', 'ignore'] : ['ignore'],
    });
  }

  async letterStatus(id: string): Promise<string | undefined> {
    return (await loadAggregate({ store: this.app.store, aggregate: deadLetterAggregate }, { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'dead_letter', id })).state?.status;
  }

  /** The id that the ledger gives an effect. */
  ledgerId(effect: string): string {
    return `effect-${this.app.eventing.digest(`${this.run_id}:${effect}`).slice(0, 16)}`;
  }

  get compensationId(): string {
    return `compensation-${this.run_id}-notify-0`;
  }
}

describe('a choice about a letter that its run does not decide', () => {
  let world: PlannedRun;
  beforeEach(async () => {
    world = await new PlannedRun().begin();
    world.lists('wait-1', 'stateful_wait');
    world.lists('message-1', 'message');
    world.lists('elsewhere', 'stateful_wait', 'another run');
  });

  it('closes a wait that was given up', async () => {
    expect(await world.chosen('abandon_with_audit', { dead_letter_id: 'wait-1' })).toEqual({
      run_id: world.run_id, choice: 'abandon_with_audit', execution_mode: 'audit_disposition_only', automatic_dispatch: false, dispatched: false, recorded: true, disposition: 'ignore',
    });
    expect(await world.letterStatus('wait-1')).toBe('ignored');
    expect(world.events(world.run_id)).not.toContain('recovery_choice_recorded');
  });

  it('retries a message, by any name of the choice', async () => {
    expect(await world.chosen('retry_dead_letter', { dead_letter_id: 'message-1' })).toMatchObject({ choice: 'retry_failed_effect', dispatched: true, disposition: 'retry' });
    expect(await world.letterStatus('message-1')).toBe('retry_requested');
  });

  it.each(['retry_failed_effect', 'compensate', 'resume_from_checkpoint', 'reconcile_external_effect', 'look at it'])('takes nothing that the letter does not offer: %s', async (choice) => {
    expect(await world.refusal(choice, { dead_letter_id: 'wait-1' })).toMatchObject({ code: 'stateful_dead_letter_choice_unavailable', details: { recovery_options: ['ignore'] } });
    expect(await world.letterStatus('wait-1')).toBeUndefined();
  });

  it('knows no letter of another run, and none that is not there', async () => {
    for (const dead_letter_id of ['elsewhere', 'none']) expect(await world.refusal('abandon_with_audit', { dead_letter_id })).toMatchObject({ code: 'stateful_dead_letter_not_found' });
  });

  it('decides the run\'s own letters with the run', async () => {
    const dead_letter_id = `dead-letter-${world.run_id}-notify-0`;
    expect(await world.chosen('abandon_with_audit', { dead_letter_id })).toMatchObject({ event_seq: expect.any(Number), disposition: 'abandon' });
    expect(recoveryOf(await world.app.run(world.run_id)).dead_letters[dead_letter_id]?.status).toBe('ignored');
  });
});

describe('an effect that a choice names', () => {
  it.each(['the run', 'the ledger'])('is known as %s calls it', async (by) => {
    const world = await new PlannedRun().begin();
    const id = (effect: string): string => (by === 'the run' ? `${world.run_id}:${effect}` : world.ledgerId(effect));
    expect(await world.chosen('abandon_with_audit', { target_effect_id: id('notify:0') })).toMatchObject({ recorded: true });
    expect(recoveryOf(await world.app.run(world.run_id)).dead_letters[`dead-letter-${world.run_id}-notify-0`]?.status).toBe('ignored');
    await world.chosen('compensate', { target_effect_id: id('pay:0') });
    expect(recoveryOf(await world.app.run(world.run_id)).compensations[`compensation-${world.run_id}-pay-0`]).toMatchObject({ status: 'awaiting_approval', effect_id: `${world.run_id}:pay:0` });
    expect(await world.refusal('compensate', { target_effect_id: id('pay:1') })).toMatchObject({ code: 'stateful_effect_not_found' });
  });
});

describe('a compensation that is over', () => {
  it('answers with its receipt when it was completed, also to the same command again', async () => {
    const world = await new PlannedRun().begin();
    const compensation_id = world.compensationId;
    expect(await world.chosen('compensate', { compensation_id })).not.toHaveProperty('already_completed');
    await world.command({ type: 'decide_compensation', compensation_id, decision: 'approve', by: ada });
    await world.command({ type: 'start_compensation', compensation_id, claimed_by: 'runner-1', lease_ms: 300_000 });
    await world.command({ type: 'finish_compensation', compensation_id, attempt: 1, result: { kind: 'succeeded', output: null } });
    for (const named of [{ compensation_id }, { target_effect_id: world.ledgerId('notify:0') }, { dead_letter_id: `dead-letter-${world.run_id}-notify-0` }]) {
      expect(await world.chosen('compensate', named)).toMatchObject({ recorded: true, dispatched: false, already_completed: true, receipt_effect_id: world.ledgerId('notify:0:compensation') });
    }
    expect(await world.chosen('resume_from_checkpoint', { compensation_id })).not.toHaveProperty('already_completed');
  });

  it('is refused when it was cancelled', async () => {
    const world = await new PlannedRun().begin();
    const compensation_id = world.compensationId;
    await world.chosen('abandon_with_audit', { compensation_id });
    expect(await world.refusal('compensate', { compensation_id })).toMatchObject({ code: 'stateful_compensation_not_pending', details: { currentStatus: 'cancelled' } });
  });
});
