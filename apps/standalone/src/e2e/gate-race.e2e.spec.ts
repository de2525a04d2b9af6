import { jest } from '@jest/globals';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { GateDecisionRecord } from '@cs/contracts';
import { Client, type Answer } from './client.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(300_000);

const rounds = Number(process.env['GATE_RACES'] ?? 9);
const people = [...Array.from({ length: 10 }, (_none, index) => `p${index}`), 's0', 's1', 's2', 's3', 'op'];
const keyOf = (person: string): string => `key-of-${person}`;

/** What somebody asked for and was told, by one clock. */
interface Asked {
  readonly actor_id: string;
  readonly decision: string;
  readonly sentAt: number;
  readonly answeredAt: number;
  readonly answer: Answer;
}

type Decided = GateDecisionRecord & { readonly order: number };

/** Everything of one run, over HTTP, through every service and the real log. */
describe('deciders of every kind, operators, expiry and the end of a delegation at the same moment, through the services', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'countersign-race-'));
  let system: System;
  let client: Client;

  const as = (person: string, ...[route, body, headers = {}]: readonly [string, unknown, Record<string, string>?]): Promise<Answer> =>
    client.call('POST', route, { body, headers: { authorization: `Bearer ${keyOf(person)}`, ...headers } });

  const decide = async (run: string, { person, decision, ...more }: { person: string; decision: string; on_behalf_of?: string; headers?: Record<string, string> }): Promise<Asked> => {
    const { headers, on_behalf_of } = more;
    const sentAt = performance.now();
    const answer = await as(person, `/automations/v2/runs/${run}/gate`, { decision, ...(on_behalf_of === undefined ? {} : { on_behalf_of }) }, headers);
    return { actor_id: headers?.['x-tandem-agent-id'] ?? person, decision, sentAt, answeredAt: performance.now(), answer };
  };

  const read = async (route: string): Promise<Record<string, unknown>> => (await client.call('GET', route, { headers: { authorization: `Bearer ${keyOf('op')}` } })).body;
  const until = async (run: string, condition: (status: string | undefined) => boolean): Promise<void> => {
    for (let attempt = 0; attempt < 2000; attempt += 1) {
      if (condition(((await read(`/automations/v2/runs/${run}`))['run'] as { status?: string } | undefined)?.status)) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`run ${run} did not get there`);
  };

  beforeAll(async () => {
    const keys = path.join(folder, 'keys.json');
    writeFileSync(keys, JSON.stringify(people.map((id) => ({ id, sha256: createHash('sha256').update(keyOf(id)).digest('hex'), org_id: 'acme', workspace_id: 'ops', actor_id: id, kind: 'human' }))));
    system = await System.start({ env: { COUNTERSIGN_API_KEYS_FILE: keys } });
    client = new Client(system.url, system.paymentsUrl);
    const definition = (expires_after_ms: number) => ({
      automation_id: `raced-${expires_after_ms}`, name: 'Raced', status: 'active',
      flow: { nodes: [
        { node_id: 'look_up', objective: 'Look up', action: { kind: 'transform', expression: '1' } },
        { node_id: 'sign', objective: 'Pay?', depends_on: ['look_up'], gate: { required: true, rework_targets: ['look_up'], approvers: people.filter((id) => id.startsWith('p')).map((id) => ({ kind: 'person', id })), expiry_policy: { expires_after_ms, on_expiry: 'cancel' } } },
        { node_id: 'pay', objective: 'Pay', depends_on: ['sign'], action: { kind: 'transform', expression: '1' } },
      ] },
    });
    for (const expires of [1500, 600_000]) expect((await as('op', '/automations/v2', definition(expires))).status).toBe(200);
  });
  afterAll(async () => {
    await system.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const race = async (round: number) => {
    const delegations = await Promise.all([0, 1, 2, 3].map(async (index) => (await as(`p${index}`, '/delegations', { stand_in: `s${index}`, until_ms: Date.now() + 600_000 })).body['delegation'] as { delegation_id: string }));
    const started = await as('op', `/automations/v2/raced-${round % 2 === 0 ? 600_000 : 1500}/run_now`, {});
    const run = (started.body['run'] as { run_id: string }).run_id;
    await until(run, (status) => status === 'awaiting_approval' || status === 'cancelled');
    const words = ['approve', 'approve', 'rework', 'cancel'];
    const word = (index: number): string => words[(index + round) % words.length] ?? 'approve';
    const asked: Asked[] = [];
    const operators = ['pause', 'cancel', 'repair'] as const;
    const operator = operators[round % operators.length] ?? 'pause';
    const key = { 'idempotency-key': randomUUID() };
    const all = [
      ...Array.from({ length: 20 }, (_none, index) => ({ person: `p${index % 10}`, decision: word(index) })),
      ...[0, 1, 2, 3].flatMap((index) => [{ person: `s${index}`, decision: word(index), on_behalf_of: `p${index}` }, { person: `s${index}`, decision: 'approve' }]),
      { person: 'p5', decision: 'approve', headers: { 'x-tandem-agent-id': 'bot' } },
      { person: 'p9', decision: 'approve', headers: key }, { person: 'p9', decision: 'approve', headers: key },
    ].map((request) => async () => void asked.push(await decide(run, request)));
    const others = [async () => void (await as('p0', `/delegations/${delegations[0]?.delegation_id ?? ''}/end`, {})), async () => void (await as('op', `/automations/v2/runs/${run}/${operator}`, operator === 'repair' ? { node_id: 'look_up' } : {}))];
    await Promise.all([...all.slice(0, 15), ...others, ...all.slice(15)].map((one) => one()));
    await until(run, (status) => status !== 'queued' && status !== 'running' && status !== 'pausing');
    const { events } = (await read(`/stateful-runtime/runs/${run}/events?limit=1000`)) as { events: { event_type: string; seq: number; payload: { metadata: unknown } }[] };
    const decided = events.filter(({ event_type }) => event_type.endsWith('approval_gate_decided')).map(({ seq, payload }): Decided => ({ ...(payload.metadata as GateDecisionRecord), order: seq }));
    return { run, asked, decided };
  };

  it('have one outcome for each opening; nobody is told of success without effect, and whoever comes second is told who won', async () => {
    for (let round = 0; round < rounds; round += 1) {
      const { asked, decided, run } = await race(round);
      const label = `round ${round}, ${run}`;
      expect([label, new Set(decided.map(({ gate_opening_id }) => gate_opening_id)).size]).toEqual([label, decided.length]);
      const byPeople = decided.filter(({ decided_by }) => decided_by.kind === 'human');
      const isOf = ({ actor_id, decision }: Asked, record: Decided): boolean => record.decided_by.actor_id === actor_id && record.decision === decision;
      const succeeded = asked.filter(({ answer }) => answer.status === 200);
      for (const one of succeeded) expect([label, one.actor_id, byPeople.some((record) => isOf(one, record))]).toEqual([label, one.actor_id, true]);
      for (const record of byPeople) expect([label, record.decided_by.actor_id, succeeded.some((one) => isOf(one, record))]).toEqual([label, record.decided_by.actor_id, true]);
      for (const { answer, answeredAt } of asked.filter(({ answer: { body } }) => body['code'] === 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL')) {
        const winner = answer.body['winningDecision'] as { decided_at_ms: number; decision: string } | undefined;
        const record = decided.find(({ decided_at_ms }) => decided_at_ms === winner?.decided_at_ms);
        if (winner !== undefined) expect([label, record?.decision]).toEqual([label, winner.decision]);
        // Nobody is told of a decision before anybody asked for it.
        const asking = record && record.decided_by.kind === 'human' ? asked.filter((one) => isOf(one, record)) : [];
        if (asking.length > 0) expect(Math.min(...asking.map(({ sentAt }) => sentAt))).toBeLessThan(answeredAt);
      }
      for (const one of byPeople) if (one.decided_by.actor_id?.startsWith('s') === true) expect(one.on_behalf_of).toMatchObject({ person: one.decided_by.actor_id.replace('s', 'p'), stand_in: one.decided_by.actor_id });
      expect(asked.filter(({ answer }) => ![200, 403, 409].includes(answer.status)).map(({ answer }) => answer)).toEqual([]);
      expect(asked.find(({ actor_id }) => actor_id === 'bot')?.answer.body['code']).toBe('AUTOMATION_V2_GATE_REQUIRES_HUMAN');
      const repeated = asked.filter(({ actor_id, decision }) => actor_id === 'p9' && decision === 'approve').map(({ answer }) => answer.status);
      expect(repeated.length).toBeGreaterThanOrEqual(2);
    }
    expect(await read('/audit/ledger/manifest')).toMatchObject({ verified: true });
  });
});
