import type { decideGate, PayloadInputOf, RpcReply, RunRecord, CallContext } from '@cs/contracts';
import type { StoredCommit } from '@cs/eventing';
import { sha256 } from '@cs/testing';
import { jest } from '@jest/globals';
import fc from 'fast-check';
import { carryOutLeftInteraction } from './carry-out-interaction.command-handler.js';
import type { HttpAnswer, InboundCall, Interaction, InteractiveChannel, Received, Reply } from './channel-adapter.port.js';
import { evolveChannel, type ChannelState, type InstalledChannel } from './channel.state.js';
import { channelAggregate, channelRef } from './channel-aggregates.js';
import { commandChannel } from './configure-channel.command-handlers.js';
import { offerEnrolment } from './enrolment.js';
import type { GateDecider } from './gate-decider.port.js';
import { pendingGate, tenant } from './notification.fixture.js';
import { receiveCallback, type ReceiveOptions } from './receive-callback.command-handler.js';
import { installedChannel, ScriptedPlatform, SendingWorld } from './sending.fixture.js';
import { executeCommand, InMemoryTurnLimits, loadAggregate, LogUnavailableError } from '@cs/eventing';
import { accept } from '@cs/kernel';

type Decide = PayloadInputOf<typeof decideGate>;
type Answer = RpcReply<RunRecord> | 'silent';

const opening = pendingGate().gate_opening_id;

/** A gate that takes the first decision, or the first approvals that it needs, as the approval gate does; every command has one outcome. */
class FirstDecisionWins implements GateDecider {
  required = 1;
  readonly #votes: unknown[] = [];
  readonly asked: { readonly request: Decide; readonly context: CallContext }[] = [];
  readonly #byCommand = new Map<string, RpcReply<RunRecord>>();
  #winner: Decide | undefined;
  next: Answer | undefined;

  decide(request: Decide, context: CallContext): Promise<RpcReply<RunRecord>> {
    this.asked.push({ request, context });
    const { next } = this;
    this.next = undefined;
    if (next === 'silent') return new Promise(() => undefined);
    const known = this.#byCommand.get(request.command_id ?? '');
    const reply = next ?? known ?? this.#judge(request);
    if (next === undefined) this.#byCommand.set(request.command_id ?? '', reply);
    return Promise.resolve(reply);
  }

  #judge(request: Decide): RpcReply<RunRecord> {
    if (this.#winner !== undefined) return { ok: false, refusal: { code: 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', message: 'late', details: { winningDecision: { node_id: 'approve', gate_opening_id: opening, decision: this.#winner.decision } } } };
    this.#votes.push({ decision: request.decision });
    if (this.#votes.length < this.required) return { ok: true, value: { checkpoint: { awaiting_gate: { ...pendingGate(), approvals_required: this.required, votes: [...this.#votes] }, gate_history: [] } } as unknown as RunRecord };
    this.#winner = request;
    return { ok: true, value: { checkpoint: { gate_history: [{ gate_opening_id: opening, decision: request.decision }] } } as unknown as RunRecord };
  }

  get decisions(): number {
    return this.#winner === undefined ? 0 : 1;
  }
}

/** A platform whose callbacks are JSON with the word "signed". */
class CallingPlatform extends ScriptedPlatform implements InteractiveChannel {
  readonly replies: Reply[] = [];

  receive({ body, headers }: InboundCall): Promise<Received> {
    if (headers['x-signature'] !== 'signed') return Promise.resolve({ kind: 'refused', status: 401, reason: 'not signed' });
    return Promise.resolve({ kind: 'interaction', interaction: JSON.parse(Buffer.from(body).toString()) as Interaction });
  }

  reply(_interaction: Interaction, reply: Reply): Promise<HttpAnswer> {
    this.replies.push(reply);
    return Promise.resolve({ status: 200, body: reply.kind });
  }
}

class Chat {
  readonly platform = new CallingPlatform();
  readonly world: SendingWorld;
  readonly gate = new FirstDecisionWins();
  readonly options: ReceiveOptions;
  #keys = 0;

  constructor(public installed: InstalledChannel = installedChannel()) {
    this.world = new SendingWorld(this.platform, [installed]);
    this.options = {
      eventing: this.world.log.eventing, gate: this.gate, random: () => 0.5, newId: () => String(this.#keys), digestOfBody: (body) => sha256(Buffer.from(body).toString()),
      within: (value, ms) => Promise.race([value, new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), Math.min(ms, 20)))]),
      turns: new InMemoryTurnLimits(),
    };
  }

  static async open(installed?: InstalledChannel): Promise<Chat> {
    const chat = new Chat(installed);
    await chat.world.happens(chat.world.log.opened());
    await chat.world.settle();
    return chat;
  }

  get token(): string {
    return this.platform.calls[0]?.token ?? '';
  }

  press(action: Partial<Extract<Interaction['action'], { kind: 'press' }>> = {}, { user = 'U1', key }: { readonly user?: string; readonly key?: string } = {}): Interaction {
    this.#keys += 1;
    return { interaction_key: key ?? `key-${this.#keys}`, user: { user_id: user }, action: { kind: 'press', decision: 'approve', token: this.token, ...action }, message: { conversation: 'C1', message_id: 'm1' } };
  }

  send(interaction: Interaction, signature = 'signed') {
    const now = this.world.log.clock();
    const call: InboundCall = { headers: { 'x-signature': signature }, body: Buffer.from(JSON.stringify(interaction)), received_at_ms: now };
    return receiveCallback(this.options, { installed: this.installed, adapter: this.platform, pace: this.world.pace }, { call, deadline_ms: now + 2_200 });
  }

  async told(interaction: Interaction): Promise<Reply | undefined> {
    await this.send(interaction);
    return this.platform.replies.at(-1);
  }

  interactions(status = 'accepted'): readonly StoredCommit[] {
    return this.world.log.store.all().filter((stored) => stored.ref.aggregate === 'channel_interaction' && stored.status === status);
  }
}

const lastCode = (chat: Chat): unknown => (chat.interactions('refused').at(-1)?.commit.events[0]?.data as { readonly code?: string } | undefined)?.code;

describe('Channels: an interaction in a channel', () => {
  it('decides the opening that the card was about, as the person that the channel vouches for', async () => {
    const chat = await Chat.open();
    expect(await chat.told(chat.press())).toEqual({ kind: 'decided', text: 'Approved.' });
    expect(chat.gate.asked).toEqual([{
      request: expect.objectContaining({ decision: 'approve', run_id: 'automation-v2-run-1', approval_request_id: 'automation_v2:automation-v2-run-1:approve', gate_opening_id: 'automation_v2:automation-v2-run-1:approve:1', command_id: expect.stringMatching(/^[0-9a-f]{40}$/) }),
      context: expect.objectContaining({ tenant: { ...tenant, source: 'explicit' }, actor: { kind: 'human', source: 'slack', actor_id: 'channel:slack:T1:A1:U1' } }),
    }]);
  });

  it('a fresh signed interaction applies once and its replay is only acknowledged', async () => {
    const chat = await Chat.open();
    const press = chat.press();
    for (let time = 0; time < 3; time += 1) expect(await chat.told(press)).toEqual({ kind: 'decided', text: 'Approved.' });
    expect(chat.gate.asked).toHaveLength(1);
    expect(chat.interactions()).toHaveLength(1);
  });

  it('the same identity with another body is a conflict', async () => {
    const chat = await Chat.open();
    await chat.send(chat.press({}, { key: 'k' }));
    expect(await chat.send(chat.press({ decision: 'rework' }, { key: 'k' }))).toMatchObject({ ok: false, refusal: { code: 'CHANNEL_INTERACTION_REUSED' } });
    expect(chat.gate.asked).toHaveLength(1);
  });

  it('is not read when it is not signed', async () => {
    const chat = await Chat.open();
    expect(await chat.send(chat.press(), 'forged')).toMatchObject({ ok: false, refusal: { code: 'CHANNEL_CALLBACK_UNSIGNED' } });
    expect(chat.interactions()).toEqual([]);
  });

  it('an interaction from another tenant cannot decide', async () => {
    const chat = await Chat.open();
    const elsewhere = installedChannel();
    chat.installed = { ...elsewhere, channel: { ...elsewhere.channel, tenant_context: { org_id: 'other', workspace_id: 'ops', source: 'explicit' } } };
    expect(await chat.told(chat.press())).toMatchObject({ kind: 'refused', text: expect.stringContaining('not known here') });
    expect(lastCode(chat)).toBe('CHANNEL_CARD_UNKNOWN');
    expect(chat.gate.asked).toEqual([]);
  });

  it('a card of another installation of the same workspace cannot be pressed here', async () => {
    const chat = await Chat.open();
    chat.installed = installedChannel({}, { id: 'other' });
    expect(await chat.told(chat.press())).toMatchObject({ kind: 'refused' });
    expect(chat.gate.asked).toEqual([]);
  });

  it.each([
    ['empty denies', [], 'U1', [], 'CHANNEL_USER_NOT_ALLOWED'],
    ['exact match', ['U1'], 'U1', [], undefined],
    ['another user', ['U1'], 'U2', [], 'CHANNEL_USER_NOT_ALLOWED'],
    ['spaces are trimmed', [' U1 '], 'U1', [], undefined],
    ['* allows, and needs a grant to decide', ['*'], 'U1', [], 'CHANNEL_TIER_TOO_LOW'],
    ['* allows with a grant', ['*'], 'U1', [{ user_id: 'U1', tier: 'approve' as const, departments: [] }], undefined],
    ['a grant that lowers', ['U1'], 'U1', [{ user_id: 'U1', tier: 'act' as const, departments: [] }], 'CHANNEL_TIER_TOO_LOW'],
  ])('allowlist: %s', async (...[, allowed_users, user, users, code]) => {
    const chat = await Chat.open(installedChannel({ allowed_users }, { users }));
    await chat.send(chat.press({}, { user }));
    expect(lastCode(chat)).toBe(code);
    expect(chat.gate.asked).toHaveLength(code === undefined ? 1 : 0);
  });

  it('long ids: a card of the longest run and node is pressed by 32 digits, and its own opening is decided', async () => {
    const [run, node] = ['r'.repeat(128), 'n'.repeat(64)];
    const gate_opening_id = `automation_v2:${run}:${node}:1`;
    const chat = new Chat();
    await chat.world.happens(chat.world.log.opened(pendingGate({ node_id: node, gate_opening_id, approval_request_id: `automation_v2:${run}:${node}` })));
    await chat.world.settle();
    expect(chat.token).toMatch(/^[0-9a-f]{32}$/);
    await chat.send(chat.press());
    expect(chat.gate.asked).toMatchObject([{ request: { gate_opening_id } }]);
  });

  it('department membership is required where the channel is bound to departments', async () => {
    const member = { user_id: 'U1', departments: ['finance'] };
    const chat = await Chat.open(installedChannel({ departments: ['finance'] }));
    expect(await chat.told(chat.press())).toMatchObject({ kind: 'refused', text: expect.stringContaining('finance') });
    chat.installed = installedChannel({ departments: ['finance'] }, { users: [member] });
    expect(await chat.told(chat.press())).toMatchObject({ kind: 'decided' });
  });

  it('leads to the page where a second factor is asked for', async () => {
    const chat = await Chat.open(installedChannel({ step_up: true }));
    const page = `https://sign.example/inbox/${encodeURIComponent('automation_v2:automation-v2-run-1:approve:1')}`;
    expect(await chat.told(chat.press())).toEqual({ kind: 'refused', text: `This is not decided by a button here. Open the page and sign in: ${page}` });
    expect([chat.gate.asked, lastCode(chat)]).toEqual([[], 'CHANNEL_STEP_UP_REQUIRED']);
  });

  it.each([
    ['a tier that is named', 'money_movement_contract', true],
    ['a tier that is not', 'internal_write', false],
    ['no tier, where that is named', undefined, true],
  ] as const)('asks for a second factor by the risk of the gate: %s', async (_title, risk_tier, isAsked) => {
    const installed = installedChannel({ step_up_risk_tiers: ['money_movement_contract', 'none'] });
    const chat = new Chat(installed);
    await chat.world.happens(chat.world.log.opened(pendingGate(risk_tier === undefined ? {} : { risk_tier })));
    await chat.world.settle();
    expect(await chat.told(chat.press())).toMatchObject({ kind: isAsked ? 'refused' : 'decided' });
    expect(chat.gate.decisions).toBe(isAsked ? 0 : 1);
    expect(await chat.told(chat.press({ token: '0'.repeat(32) }))).toMatchObject({ kind: 'refused', text: expect.stringContaining('page') });
  });

  it('decides nothing when presses cannot be counted, says so, and writes nothing; the same press decides later', async () => {
    const chat = await Chat.open();
    const take = jest.spyOn(chat.options.turns, 'take').mockRejectedValue(new LogUnavailableError('away'));
    const press = chat.press();
    expect(await chat.told(press)).toMatchObject({ kind: 'refused', text: expect.stringContaining('Nothing was decided') });
    take.mockReturnValue(new Promise(() => undefined));
    expect(await chat.told(press)).toMatchObject({ kind: 'refused', text: expect.stringContaining('Nothing was decided') });
    expect([chat.gate.asked, chat.interactions('refused'), chat.interactions()]).toEqual([[], [], []]);
    take.mockRestore();
    expect(await chat.told(press)).toMatchObject({ kind: 'decided' });
  });

  it('takes thirty decisions of a user a minute, and writes nothing about more', async () => {
    const chat = await Chat.open();
    for (let time = 0; time < 30; time += 1) await chat.send(chat.press());
    expect(await chat.told(chat.press())).toMatchObject({ kind: 'refused', text: expect.stringContaining('Try again') });
    expect(chat.interactions('refused')).toEqual([]);
    chat.world.log.clock.advance(2_000);
    expect(await chat.told(chat.press())).toMatchObject({ kind: 'too_late' });
  });

  it.each([['removed', 'removed'], ['disabled', 'switched off']] as const)('decides nothing in a channel that is %s, and says so', async (status, word) => {
    const chat = await Chat.open(installedChannel({}, { users: [{ user_id: 'U1', departments: [], tier: 'approve' }] }));
    chat.installed = { ...chat.installed, status };
    expect(await chat.told(chat.press())).toMatchObject({ kind: 'refused', text: expect.stringContaining(word) });
    expect(await chat.told({ ...chat.press(), action: { kind: 'enrol', code: 'ABCD2345' } })).toMatchObject({ kind: 'refused', text: expect.stringContaining(word) });
    expect(await chat.send(chat.press(), 'forged')).toMatchObject({ ok: false, refusal: { code: 'CHANNEL_CALLBACK_UNSIGNED' } });
    expect([chat.gate.asked, chat.interactions('refused'), chat.interactions()]).toEqual([[], [], []]);
  });

  it('records thirty refusals of a user a minute, and refuses every one', async () => {
    const chat = await Chat.open(installedChannel({ allowed_users: ['U2'] }));
    for (let time = 0; time < 33; time += 1) expect(await chat.told(chat.press())).toMatchObject({ kind: 'refused', text: expect.stringContaining('allowed_users') });
    expect(chat.interactions('refused')).toHaveLength(30);
  });

  it('a rework asks for its reason and then is exactly one rework decision', async () => {
    const chat = await Chat.open();
    expect(await chat.told(chat.press({ decision: 'rework' }))).toMatchObject({ kind: 'ask_reason', decision: 'rework', token: chat.token });
    expect(chat.gate.asked).toEqual([]);
    const reason: Interaction = { interaction_key: 'view-1', user: { user_id: 'U1' }, action: { kind: 'reason', decision: 'rework', token: chat.token, reason: ' wrong amount ' } };
    expect(await chat.told(reason)).toEqual({ kind: 'decided', text: 'Sent back for rework.' });
    expect(await chat.told(reason)).toEqual({ kind: 'decided', text: 'Sent back for rework.' });
    expect(chat.gate.asked.map(({ request }) => [request.decision, request.reason])).toEqual([['rework', 'wrong amount']]);
    expect(await chat.told({ ...reason, interaction_key: 'view-2', action: { ...reason.action, reason: '  ' } as Interaction['action'] })).toMatchObject({ kind: 'ask_reason' });
  });

  it('a second press gets a true answer: what was decided, and by whom', async () => {
    const chat = await Chat.open();
    await chat.send(chat.press());
    expect(await chat.told(chat.press({ decision: 'approve' }))).toEqual({ kind: 'too_late', text: 'Already decided: Approved.' });
    await chat.world.happens(chat.world.log.decided('approve'));
    expect(await chat.told(chat.press())).toEqual({ kind: 'too_late', text: 'Already settled: Approved by grace.' });
    expect(await chat.told(chat.press({ decision: 'rework' }))).toMatchObject({ kind: 'too_late' });
    expect(chat.gate.decisions).toBe(1);
  });

  it('a vote that others have to join is told as one, again too; the one that ends the gate decides', async () => {
    const chat = await Chat.open(installedChannel({ allowed_users: ['U1', 'U2'] }));
    chat.gate.required = 2;
    const press = chat.press();
    for (const _time of [1, 2]) expect(await chat.told(press)).toEqual({ kind: 'voted', text: 'Your vote is recorded: 1 of 2 approvals. Others have to decide too.' });
    expect(await chat.told(chat.press({}, { user: 'U2' }))).toEqual({ kind: 'decided', text: 'Approved.' });
    expect(chat.gate.asked).toHaveLength(2);
  });

  it('a vote that the archive has not confirmed is told as the log has it', async () => {
    const chat = new Chat();
    const votes = [{ vote_id: 'v', voter: 'x', decision: 'approve' as const, voted_by: { kind: 'human' as const }, voted_at_ms: 1 }];
    await chat.world.happens(chat.world.log.opened(pendingGate({ approvals_required: 2, votes })));
    await chat.world.settle();
    chat.gate.next = { ok: false, refusal: { code: 'ARCHIVE_BEHIND', message: 'behind' } };
    expect(await chat.told(chat.press())).toMatchObject({ kind: 'voted', text: expect.stringContaining('1 of 2') });
  });

  it('answers in time when the gate is silent, and the consumer carries the decision out, once', async () => {
    const chat = await Chat.open();
    chat.gate.next = 'silent';
    const press = chat.press();
    expect(await chat.told(press)).toMatchObject({ kind: 'in_progress' });
    expect(await chat.told(press)).toMatchObject({ kind: 'in_progress' });
    const [left] = chat.interactions();
    if (left === undefined) throw new Error('nothing was recorded');
    expect(await carryOutLeftInteraction(chat.options, left)).toMatchObject({ kind: 'retry-later' });
    chat.world.log.clock.advance(6_000);
    chat.gate.next = { ok: false, refusal: { code: 'SERVICE_UNAVAILABLE', message: 'away' } };
    expect(await carryOutLeftInteraction(chat.options, left)).toMatchObject({ kind: 'retry-later' });
    for (const _time of [1, 2]) expect(await carryOutLeftInteraction(chat.options, left)).toEqual({ kind: 'done' });
    expect(new Set(chat.gate.asked.map(({ request }) => request.command_id)).size).toBe(1);
    expect(chat.gate.decisions).toBe(1);
    expect(await chat.told(press)).toEqual({ kind: 'decided', text: 'Approved.' });
  });

  it('a process that dies before the decision, or after it, leaves one decision', async () => {
    const chat = await Chat.open();
    const { store } = chat.world.log;
    for (const [diesAt, expected] of [[1, 0], [2, 1]] as const) {
      let appends = 0;
      const dying: ReceiveOptions = { ...chat.options, eventing: { ...chat.options.eventing, store: { at: (position) => store.at(position), last: (ref) => store.last(ref), append: (ref, status, commit) => {
        appends += 1;
        return appends >= diesAt ? Promise.reject(new Error('the process died')) : store.append(ref, status, commit);
      } } } };
      const body = Buffer.from(JSON.stringify(chat.press({}, { key: `dies-${diesAt}` })));
      await expect(receiveCallback(dying, { installed: chat.installed, adapter: chat.platform, pace: chat.world.pace }, { call: { headers: { 'x-signature': 'signed' }, body, received_at_ms: 0 }, deadline_ms: 2_200 })).rejects.toThrow('the process died');
      expect(chat.interactions()).toHaveLength(expected);
    }
    chat.world.log.clock.advance(6_000);
    for (const left of chat.interactions()) expect(await carryOutLeftInteraction(chat.options, left)).toEqual({ kind: 'done' });
    expect(chat.gate.decisions).toBe(1);
  });

  it('links a user by a code, once and for ten minutes', async () => {
    const installed = installedChannel();
    const chat = new Chat(installed);
    const { eventing } = chat.options;
    const ref = channelRef(tenant, 'chat');
    await executeCommand(ref, { eventing, aggregate: channelAggregate, context: {}, decide: () => accept({ event_type: 'channel_configured', data: { channel: installed.channel, changed_by: { kind: 'human' } } } as const) });
    const context: CallContext = { tenant: { ...tenant, source: 'explicit' }, actor: { kind: 'human', actor_id: 'ada' }, correlation_id: 'c' };
    const commands = { eventing, newId: () => 'id', kinds: [], hasSecret: () => true, isHostAllowed: () => true, isOpenToOthers: () => false, newCode: () => 'ABCD2345' };
    expect(await offerEnrolment(commands, context, 'chat')).toMatchObject({ ok: true, value: { offered: { code: 'ABCD2345', person: 'ada' } } });
    expect(JSON.stringify(chat.world.log.store.all())).not.toContain('ABCD2345');
    const enrol = (code: string, key: string): Interaction => ({ interaction_key: key, user: { user_id: 'U1' }, action: { kind: 'enrol', code } });
    expect(await chat.told(enrol('WRONG234', 'e1'))).toMatchObject({ kind: 'refused' });
    expect(await chat.told(enrol(' abcd2345 ', 'e2'))).toEqual({ kind: 'done', text: 'You are linked to ada.' });
    expect(await chat.told(enrol('ABCD2345', 'e3'))).toMatchObject({ kind: 'refused' });
    expect((await loadAggregate({ store: eventing.store, aggregate: channelAggregate }, ref)).state).toMatchObject({ users: [{ user_id: 'U1', person: 'ada' }] });
    await offerEnrolment(commands, context, 'chat');
    chat.world.log.clock.advance(10 * 60_000);
    expect(await chat.told(enrol('ABCD2345', 'e4'))).toMatchObject({ kind: 'refused' });
    expect(await offerEnrolment(commands, { ...context, actor: { kind: 'system' } }, 'chat')).toMatchObject({ ok: false, refusal: { code: 'CHANNEL_ENROLMENT_REQUIRES_HUMAN' } });
    expect(await commandChannel(commands, { ...context, tenant: { ...context.tenant, deployment_id: 'eu' } }, { channel_id: 'chat', command: { kind: 'remove', changed_by: context.actor, tenant_context: { ...context.tenant, deployment_id: 'eu' } } })).toMatchObject({ ok: false, refusal: { code: 'CHANNEL_NOT_FOUND' } });
  });

  it('hands the gate the person whom a user is linked to, whatever the body says', async () => {
    const installed = installedChannel({ allowed_users: ['U1', 'U2'] });
    const chat = await Chat.open(installed);
    const { eventing } = chat.options;
    const ref = channelRef(tenant, 'chat');
    await executeCommand(ref, { eventing, aggregate: channelAggregate, context: {}, decide: () => accept({ event_type: 'channel_configured', data: { channel: installed.channel, changed_by: { kind: 'human' } } } as const) });
    const context: CallContext = { tenant: { ...tenant, source: 'explicit' }, actor: { kind: 'human', actor_id: 'ada' }, correlation_id: 'c' };
    await offerEnrolment({ eventing, newId: () => 'id', kinds: [], hasSecret: () => true, isHostAllowed: () => true, isOpenToOthers: () => false, newCode: () => 'ABCD2345' }, context, 'chat');
    await chat.send({ interaction_key: 'e1', user: { user_id: 'U1' }, action: { kind: 'enrol', code: 'ABCD2345' } });
    const { state } = await loadAggregate({ store: eventing.store, aggregate: channelAggregate }, ref);
    if (state.status === 'none') throw new Error('the channel is not set up');
    chat.installed = state;
    const claiming = chat.press({}, { user: 'U2' });
    await chat.send({ ...claiming, user: { ...claiming.user, person: 'ada' }, person: 'ada', actor: { person: 'ada' } } as unknown as Interaction);
    await chat.send(chat.press());
    expect(chat.gate.asked.map(({ context: { actor } }) => actor)).toEqual([
      { kind: 'human', source: 'slack', actor_id: 'channel:slack:T1:A1:U2' },
      { kind: 'human', source: 'slack', actor_id: 'channel:slack:T1:A1:U1', person: 'ada' },
    ]);
  });

  it('a press that is carried out late names the person whom the user was linked to when pressing', async () => {
    const chat = await Chat.open(installedChannel({}, { users: [{ user_id: 'U1', departments: [], person: 'ada' }] }));
    chat.gate.next = 'silent';
    await chat.send(chat.press());
    const [left] = chat.interactions();
    if (left === undefined) throw new Error('nothing was recorded');
    chat.installed = installedChannel();
    chat.world.log.clock.advance(6_000);
    await carryOutLeftInteraction(chat.options, left);
    expect(chat.gate.asked.map(({ context: { actor } }) => actor.person)).toEqual(['ada', 'ada']);
  });

  it('many people pressing at once, twice and late, make one decision, and everybody is told the truth', async () => {
    const presses = fc.array(fc.record({ user: fc.constantFrom('U1', 'U2', 'U3'), decision: fc.constantFrom('approve' as const, 'cancel' as const), key: fc.constantFrom('a', 'b', 'c', 'd', 'e') }), { minLength: 1, maxLength: 12 });
    await fc.assert(fc.asyncProperty(presses, async (list) => {
      const chat = await Chat.open(installedChannel({ allowed_users: ['U1', 'U2'] }));
      const results = await Promise.all(list.map(({ user, decision, key }) => chat.send(chat.press({ decision }, { user, key: `${user}-${key}` }))));
      for (const result of results) if (!result.ok) expect(result.refusal.code).toBe('CHANNEL_INTERACTION_REUSED');
      const allowed = list.filter(({ user, decision }) => user !== 'U3' && decision === 'approve');
      expect(chat.gate.decisions).toBe(allowed.length > 0 ? Math.min(1, chat.gate.asked.length) : 0);
      const settled = chat.interactions('settled').map(({ commit }) => (commit.events[0]?.data as { readonly outcome: string }).outcome);
      expect(settled.filter((outcome) => outcome === 'decided').length).toBeLessThanOrEqual(1);
    }), { numRuns: 60 });
  });
});

describe('a channel', () => {
  it('is folded from its events in any state', () => {
    const state: ChannelState = { status: 'none' };
    expect(evolveChannel(state, { event_type: 'channel_removed', data: { channel_id: 'chat', tenant_context: { ...tenant, source: 'explicit' }, changed_by: { kind: 'human' } } })).toEqual(state);
  });
});
