import { callBy, person, refusalOf } from './decide-gate.fixture.js';
import { AskingWorld, escalation, post, valueOf, withRoles } from './human-requests.fixture.js';

const lea = withRoles(person('lea'), 'lead');
const lou = withRoles(person('lou'), 'Lead ');
const dan = withRoles(person('dan'), 'director');
const book = post('book', { by: '{{ nodes.call.output.reviewer }}' }, ['call']);

describe('an escalation', () => {
  it('A7: accepted by lead has status accepted and reviewer lea; it was issued, then accepted', async () => {
    const run = await AskingWorld.at([escalation('call'), book]);
    const request_id = await run.requestId();
    valueOf(await run.respond(true, lea));
    await run.execute();
    expect((await run.load()).checkpoint.node_outputs['call']?.content).toEqual({
      request_id, role: 'lead', reason: 'The books do not add up', status: 'accepted', reviewer: 'lea', accepted_at_ms: expect.any(Number),
    });
    expect(run.asked()).toEqual(['escalation_issued', 'escalation_accepted']);
    expect(run.world.sent.map(({ body }) => body)).toEqual([{ by: 'lea' }]);
  });

  it('waits for ever where it sets no time', async () => {
    const run = await AskingWorld.at([escalation('call')]);
    await run.fireTimers();
    const [wait] = await run.open();
    expect(wait).not.toHaveProperty('wake_at_ms');
    expect(run.world.timers.size).toBe(0);
  });

  it('takes responses of those who have a role that is asked, and of nobody else, not even of the owner', async () => {
    const run = await AskingWorld.at([escalation('call', { chain: ['director'], expires_after_ms: 1000 })]);
    expect(refusalOf(await run.respond(true, dan)).code).toBe('AUTOMATION_V2_HUMAN_REQUEST_NOT_ASKED');
    expect(refusalOf(await run.respond(true, callBy(person('ada')))).code).toBe('AUTOMATION_V2_HUMAN_REQUEST_NOT_ASKED');
    expect(refusalOf(await run.respond(true, { ...lea, actor: { kind: 'agent', actor_id: 'bot' } })).code).toBe('AUTOMATION_V2_HUMAN_REQUEST_REQUIRES_HUMAN');
    expect(await run.open()).toHaveLength(1);
    valueOf(await run.respond(true, lou));
  });

  it('after a decline is open for the others of the role, and for the next role', async () => {
    for (const other of [lou, dan]) {
      const run = await AskingWorld.at([escalation('call', { chain: ['director'], expires_after_ms: 1000 })]);
      valueOf(await run.respond(false, lea, { reason: 'on leave' }));
      valueOf(await run.respond(false, lea));
      valueOf(await run.respond(true, other));
      expect(run.asked()).toEqual(['escalation_issued', 'escalation_declined', 'escalation_accepted']);
      expect((await run.load()).checkpoint.node_outputs['call']?.content).toMatchObject({ status: 'accepted', role: other === lou ? 'lead' : 'director' });
    }
  });

  it('gives the next role its own time, whichever timer is set', async () => {
    const run = await AskingWorld.at([escalation('call', { chain: ['director'], expires_after_ms: 1000 })]);
    const issuedAt = (await run.open())[0]?.created_at_ms ?? 0;
    run.world.now += 600;
    valueOf(await run.respond(false, lea));
    const due = (await run.open())[0]?.wake_at_ms ?? 0;
    expect(due).toBeGreaterThan(issuedAt + 1000);
    // The timer of the first deadline finds that another one holds by now.
    expect(run.world.timers.get(await run.requestId())).toBe(issuedAt + 1000);
    for (let fired = 0; fired < 3 && run.world.timers.size > 0; fired += 1) await run.fireTimers();
    if ((await run.open()).length > 0) {
      run.world.now = due;
      await run.world.wake(run.run_id, await run.requestId());
    }
    expect(run.asked()).toEqual(['escalation_issued', 'escalation_declined', 'escalation_timed_out']);
  });

  it('asks role after role when time runs out, and fails its node after the last', async () => {
    const run = await AskingWorld.at([escalation('call', { chain: ['director'], expires_after_ms: 1000 }), book]);
    await run.fireTimers();
    expect(refusalOf(await run.respond(true, callBy(person('ada')))).code).toBe('AUTOMATION_V2_HUMAN_REQUEST_NOT_ASKED');
    await run.fireTimers();
    await run.execute();
    expect(run.asked()).toEqual(['escalation_issued', 'escalation_passed_on', 'escalation_timed_out']);
    expect(await run.load()).toMatchObject({ status: 'failed', checkpoint: { last_failure: { node_id: 'call', kind: 'human_timeout' } } });
  });

  it('keeps no reason that looks like a credential', async () => {
    const secret = `ghp_${'a1b2'.repeat(9)}`;
    const run = await AskingWorld.at([escalation('call')]);
    expect(refusalOf(await run.respond(false, lea, { reason: `use ${secret}` })).code).toBe('AUTOMATION_V2_ANSWER_SECRET');
    expect(JSON.stringify(run.world.store.all())).not.toContain(secret);
  });

  it('is refused when it is stored with a role twice, or with a chain and no time', async () => {
    const refusal = refusalOf(await new AskingWorld().define([escalation('call', { chain: ['Lead'] })]));
    expect(refusal.details?.['problems']).toMatchObject([{ path: 'flow.nodes[0].action.chain[0]', code: 'escalation_role_duplicate' }, { path: 'flow.nodes[0].action.expires_after_ms', code: 'escalation_time_missing' }]);
  });
});
