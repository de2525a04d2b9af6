import { eventually } from '@cs/testing';
import { startSlackDouble } from '@cs/testing/doubles';
import { jest } from '@jest/globals';
import { Client } from './client.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(180_000);

const patience = { timeoutMs: 60_000 };

/** Cards that were posted, without the answers below them. */
const cardsIn = (server: Awaited<ReturnType<typeof startSlackDouble>>) => server.platform.messages.filter(({ thread_ts }) => thread_ts === undefined);

describe('Channels: a gate is decided in Slack', () => {
  let system: System;
  let client: Client;
  let slack: Awaited<ReturnType<typeof startSlackDouble>>;

  beforeAll(async () => {
    slack = await startSlackDouble();
    system = await System.start({ env: { COUNTERSIGN_LOCAL_ACTOR: 'mona', COUNTERSIGN_CHANNEL_SECRET_SLACK_TOKEN: 'xoxb-double', COUNTERSIGN_CHANNEL_SECRET_SLACK_SIGNING: 'double-signing-secret', COUNTERSIGN_CHANNEL_SECRET_OTHERS: 'x', COUNTERSIGN_CHANNEL_SECRET_OTHERS_FOR: 'acme/ops' } });
    client = new Client(system.url, system.paymentsUrl);
    await client.loadExample('refund/refund.automation.yaml');
  });
  afterAll(async () => {
    await system.stop();
    await slack.close();
  });

  const put = (secrets: Record<string, string>) => client.call('PUT', '/channels/slack', {
    body: { kind: 'slack', name: 'Approvals', settings: { recipient: 'C0APPROVALS', allowed_users: ['U0ADA'], base_url: `${slack.url}/api`, per_second: 20, options: { team_id: 'T0DOUBLE', app_id: 'A0DOUBLE' } }, secrets },
  });
  const press = async (user: string, card: { readonly channel: string; readonly ts: string }, decision: string) => await slack.platform.people.press(user, card, `tdm:${decision}`);

  it('is set up by names of secrets, which no answer shows; a secret of another workspace is not there', async () => {
    const refused = await put({ bot_token: 'OTHERS', signing_secret: 'SLACK_SIGNING' });
    expect(refused).toMatchObject({ status: 400, body: { code: 'CHANNEL_INVALID', problems: [{ path: 'secrets.bot_token' }] } });
    const { status, body } = await put({ bot_token: 'SLACK_TOKEN', signing_secret: 'SLACK_SIGNING' });
    expect(status).toBe(200);
    const channel = body['channel'] as { readonly callback_path: string };
    slack.platform.callbackUrl = `${system.url}${channel.callback_path}`;
    expect(JSON.stringify((await client.call('GET', '/channels/slack', { headers: { 'countersign-min-position': '1' } })).body)).not.toContain('xoxb-double');
    await client.call('POST', '/channels/slack/test');
    await eventually(() => cardsIn(slack).length === 1, patience);
  });

  it('config reads never return secrets: one channel, the list, a change, a link and the deliveries show names only', async () => {
    const answers = await Promise.all([
      client.call('PATCH', '/channels/slack', { body: { name: 'Approvals', secrets: { bot_token: 'SLACK_TOKEN', signing_secret: 'SLACK_SIGNING' } } }), put({ bot_token: 'SLACK_TOKEN', signing_secret: 'SLACK_SIGNING' }),
      client.call('POST', '/channels/slack/enrolments'), client.call('PUT', '/channels/slack/users/U0ADA', { body: { departments: [] } }),
    ]);
    const reads = await Promise.all(['/channels', '/channels/slack', '/channels/slack/deliveries', '/audit/records?limit=200'].map((route) => client.call('GET', route)));
    expect([...answers, ...reads].map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    for (const { body } of [...answers, ...reads]) for (const value of ['xoxb-double', 'double-signing-secret']) expect(JSON.stringify(body)).not.toContain(value);
    for (const { body } of [answers[0], answers[1], reads[0], reads[1]].flatMap((one) => one ?? [])) expect(JSON.stringify(body)).toContain('"SLACK_TOKEN"');
  });

  it('asks with buttons, takes the press of who may, not of who may not, and updates the card', async () => {
    const run = await client.startRefund('order-4711');
    await client.untilGate(run);
    await eventually(() => cardsIn(slack).length === 2, patience);
    const [, card] = cardsIn(slack);
    if (card === undefined) throw new Error('there is no card');
    const denied = await press('U0GRACE', card, 'approve');
    expect(denied.answer).toMatchObject({ kind: 'answered', status: 200 });
    await press('U0ADA', card, 'approve');
    const finished = await client.untilFinished(run);
    expect(finished.checkpoint.gate_history).toMatchObject([{ decision: 'approve', decided_by: { kind: 'human', source: 'slack', actor_id: 'channel:slack:T0DOUBLE:A0DOUBLE:U0ADA' } }]);
    await eventually(() => !JSON.stringify(cardsIn(slack)[1]?.blocks).includes('"button"'), patience);
    expect(JSON.stringify(cardsIn(slack)[1]?.blocks)).toContain('Approved by');
    expect((await client.ledger('order-4711')).count).toBe(1);
    const { body } = await client.call('GET', '/channels/slack/deliveries');
    expect((body['deliveries'] as { readonly status: string }[]).map(({ status }) => status)).toEqual(expect.arrayContaining(['sent']));
  });

  it('takes a linked user for the person who asked for the run: they may not approve it, and stop it as both', async () => {
    const { body } = await client.call('POST', '/channels/slack/enrolments');
    await slack.platform.people.command('U0ADA', 'C0APPROVALS', `enrol ${String(body['code'])}`);
    await eventually(async () => JSON.stringify((await client.call('GET', '/channels/slack')).body).includes('"person":"mona"'), patience);
    const run = await client.startRefund('order-4712');
    await client.untilGate(run);
    await eventually(() => cardsIn(slack).length === 3, patience);
    const [, , card] = cardsIn(slack);
    if (card === undefined) throw new Error('there is no card');
    await press('U0ADA', card, 'approve');
    await eventually(async () => JSON.stringify((await client.call('GET', '/audit/records?denials=true')).body).includes('AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN'), patience);
    expect((await client.ledger('order-4712')).count).toBe(0);
    await press('U0ADA', card, 'cancel');
    const finished = await client.untilFinished(run);
    expect(finished.checkpoint.gate_history).toMatchObject([{ decision: 'cancel', decided_by: { kind: 'human', source: 'slack', actor_id: 'channel:slack:T0DOUBLE:A0DOUBLE:U0ADA', person: 'mona' } }]);
    await eventually(() => JSON.stringify(cardsIn(slack)[2]?.blocks).includes('Cancelled by mona via Slack'), patience);
  });

  it('tells of a question with a link to its page, which answers it, and then who answered, never what', async () => {
    await client.define({ automation_id: 'restock', name: 'restock', status: 'active', flow: { nodes: [{ node_id: 'count', objective: 'count', action: { kind: 'question', prompt: 'How many lamps?', schema: { type: 'object', required: ['count'], properties: { count: { type: 'integer' } } } } }] } });
    const run = await client.start('restock', {});
    const card = () => cardsIn(slack).find(({ blocks }) => JSON.stringify(blocks).includes('How many lamps?'));
    await eventually(() => card() !== undefined, patience);
    const [link = ''] = /\/inbox\/requests\/[^"]+/.exec(JSON.stringify(card()?.blocks)) ?? [];
    const page = await fetch(`${system.url}${link}`);
    const token = /name="token" value="([^"]+)"/.exec(await page.text())?.[1] ?? '';
    const answer = (fields: Record<string, string>) => fetch(`${system.url}${link}`, { method: 'POST', redirect: 'manual', headers: { origin: system.url, 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ token, ...fields }).toString() });
    const unfit = await answer({ answer_0: 'many' });
    expect([unfit.status, (await unfit.text()).includes('Answer.count')]).toEqual([400, true]);
    expect((await answer({ answer_0: '424242' })).status).toBe(303);
    expect((await client.untilFinished(run)).checkpoint.node_outputs['count']).toMatchObject({ content: { count: 424_242 }, answer: { answered_by: { actor_id: 'mona' } } });
    await eventually(() => JSON.stringify(card()?.blocks).includes('Answered by mona.'), patience);
    expect(JSON.stringify(slack.platform.messages)).not.toContain('424242');
  });

  it('answers what is not signed with 401, an unknown address with 404, and anything else without a 5xx', async () => {
    const url = slack.platform.callbackUrl ?? '';
    const post = (address: string, body: string | Buffer, headers: Record<string, string> = {}) => fetch(address, { method: 'POST', body: new Uint8Array(Buffer.from(body)), headers });
    expect((await post(url, 'payload=%7B%7D', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(401);
    expect((await post(url.replace(/[0-9a-f]{32}$/, '0'.repeat(32)), 'x')).status).toBe(404);
    expect((await post(url, Buffer.alloc(300 * 1024))).status).toBe(413);
    for (const body of ['', '{', '\u0000', '[]', 'a=b&a=b', '%']) expect((await post(url, body, { 'x-slack-signature': 'v0=00', 'x-slack-request-timestamp': '1' })).status).toBeLessThan(500);
  });
});
