import { jest } from '@jest/globals';
import type { Run, StatefulEvent } from '@cs/contracts';
import { eventually } from '@cs/testing';
import { startSlackDouble, type DoubleServer, type SlackDouble, type SlackStoredMessage } from '@cs/testing/doubles';
import { Client } from './client.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(240_000);

describe('Channels: Slack and the whole system', () => {
  let server: DoubleServer<SlackDouble>;
  let system: System;
  let client: Client;

  beforeAll(async () => {
    server = await startSlackDouble({ people: [{ id: 'U0ADA', name: 'ada' }, { id: 'U0GRACE', name: 'grace' }, { id: 'U0EVE', name: 'eve' }] });
    const { botToken, signingSecret, teamId, appId } = server.platform.app;
    system = await System.start({ env: { COUNTERSIGN_CHANNEL_SECRET_SLACK_TOKEN: botToken, COUNTERSIGN_CHANNEL_SECRET_SLACK_SIGNING: signingSecret } });
    client = new Client(system.url, system.paymentsUrl);
    const { status, body } = await client.insist('PUT', '/channels/slack', {
      kind: 'slack', name: 'Approvals', secrets: { bot_token: 'SLACK_TOKEN', signing_secret: 'SLACK_SIGNING' },
      settings: { recipient: 'C0APPROVALS', allowed_users: ['U0ADA', 'U0GRACE'], base_url: `${server.url}/api`, per_second: 50, options: { team_id: teamId, app_id: appId } },
    });
    if (status !== 200) throw new Error(JSON.stringify(body));
    server.platform.callbackUrl = `${system.url}${(body['channel'] as { callback_path: string }).callback_path}`;
    await client.define({
      automation_id: 'sign', name: 'sign', status: 'active',
      flow: { nodes: [{ node_id: 'check', objective: 'check', action: { kind: 'transform', expression: '1' } }, { node_id: 'sign', objective: 'Sign?', depends_on: ['check'], gate: { required: true, rework_targets: ['check'] } }] },
    });
  });
  afterAll(async () => {
    await system.stop();
    await server.close();
  });

  const cardsOf = (run_id: string): readonly SlackStoredMessage[] => server.platform.messages.filter(({ blocks, metadata }) => metadata !== undefined && JSON.stringify(blocks).includes(run_id) && JSON.stringify(blocks).startsWith('[{"type":"header"'));
  const cardOf = (run_id: string, index = 0): Promise<SlackStoredMessage> => eventually(() => cardsOf(run_id)[index], { timeoutMs: 30_000 });
  const asked = async (): Promise<{ readonly run_id: string; readonly card: SlackStoredMessage }> => {
    const { run_id } = await client.untilGate(await client.start('sign'));
    return { run_id, card: await cardOf(run_id) };
  };
  const decisions = async (run_id: string): Promise<readonly StatefulEvent[]> => (await client.timeline(run_id)).filter(({ event_type }) => event_type.endsWith('approval_gate_decided'));
  const whispersTo = (user: string): readonly string[] => server.platform.store.whispers.filter((whisper) => whisper.user === user).map(({ text }) => text);
  const untilSettled = (card: SlackStoredMessage): Promise<unknown> => eventually(() => !JSON.stringify(card.blocks).includes('tdm:approve'), { timeoutMs: 30_000 });
  const gateHistory = (run: Run) => run.checkpoint.gate_history ?? [];

  it('a fresh signed interaction applies once and its replay is only acknowledged; the card loses its buttons and says who decided', async () => {
    const { run_id, card } = await asked();
    const body = server.platform.people.pressBody('U0ADA', card, 'tdm:approve');
    expect((await server.platform.people.post(body)).trouble).toBeUndefined();
    await client.untilFinished(run_id);
    await untilSettled(card);
    expect(JSON.stringify(card.blocks)).toContain('Approved by');
    expect((await server.platform.people.post(body)).trouble).toBeUndefined();
    expect(await decisions(run_id)).toHaveLength(1);
    expect(gateHistory(await client.run(run_id))).toMatchObject([{ decision: 'approve', decided_by: { kind: 'human', source: 'slack', actor_id: expect.stringContaining('U0ADA') } }]);
  });

  it('a second press, by somebody else, is told what was decided', async () => {
    const { run_id, card } = await asked();
    const late = server.platform.people.pressBody('U0GRACE', card, 'tdm:cancel');
    await server.platform.people.press('U0ADA', card, 'tdm:approve');
    await client.untilFinished(run_id);
    expect((await server.platform.people.post(late)).trouble).toBeUndefined();
    expect(whispersTo('U0GRACE').at(-1)).toMatch(/[Aa]lready/);
    expect(await decisions(run_id)).toHaveLength(1);
  });

  it('Slack rework modal produces exactly one rework decision, with its reason; the old card cannot decide the gate that opened again', async () => {
    const { run_id, card } = await asked();
    const old = server.platform.people.pressBody('U0GRACE', card, 'tdm:approve');
    expect((await server.platform.people.press('U0ADA', card, 'tdm:rework')).trouble).toBeUndefined();
    const [modal] = [...server.platform.store.modals.values()];
    if (modal === undefined) throw new Error('no form was opened');
    const form = server.platform.people.submitBody(modal, 'Look at the amount again.');
    expect((await server.platform.people.submit(modal.id, 'Look at the amount again.')).trouble).toBeUndefined();
    await server.platform.people.post(form);
    await cardOf(run_id, 1);
    await server.platform.people.post(old);
    const waiting = await client.untilGate(run_id);
    expect(gateHistory(waiting)).toMatchObject([{ decision: 'rework', reason: 'Look at the amount again.' }]);
    expect(whispersTo('U0GRACE').at(-1)).toMatch(/no longer open|[Aa]lready/);
    await client.insist('POST', `/automations/v2/runs/${run_id}/gate`, { decision: 'cancel' });
    await client.untilFinished(run_id);
  });

  it('whoever is not on the list of the channel, or does not hold its secret, decides nothing', async () => {
    const { run_id, card } = await asked();
    expect((await server.platform.people.press('U0EVE', card, 'tdm:approve')).trouble).toBeUndefined();
    expect(whispersTo('U0EVE').at(-1)).toContain('allowed_users');
    const forged = await fetch(server.platform.callbackUrl ?? '', { method: 'POST', body: server.platform.people.pressBody('U0ADA', card, 'tdm:approve'), headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-slack-request-timestamp': String(Math.floor(Date.now() / 1000)), 'x-slack-signature': `v0=${'0'.repeat(64)}` } });
    expect(forged.status).toBe(401);
    expect(await decisions(run_id)).toEqual([]);
    await client.insist('POST', `/automations/v2/runs/${run_id}/gate`, { decision: 'approve' });
    await client.untilFinished(run_id);
    await untilSettled(card);
  });
});
