import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { execFileSync } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import type { DeliveryRequest } from '@cs/contracts';
import { answeredCard, askedCard, openedCard, decidedCard, type Card, type QuestionCard } from '@cs/notification';
import { createOutboundHttp } from '@cs/outbound-http';
import { ConsoleChannel } from './console-channel.adapter.js';
import { WebhookChannel } from './webhook-channel.adapter.js';
import { signWebhook, verifyWebhook } from './webhook-signature.js';

const opened = openedCard(
  { org_id: 'acme', workspace_id: 'ops', run_id: 'automation-v2-run-1', automation_id: 'refund-order' },
  {
    node_id: 'approve', gate_opening_id: "automation_v2:r:approve:1'x", approval_request_id: 'q', wait_id: 'w', transition_id: 't', title: 'Refund\u001b[2J\nAda', instructions: 'Line 1\nLine 2',
    decisions: ['approve', 'rework'], rework_targets: [], requested_at_ms: 1, upstream_node_ids: [],
  },
);
const requestFor = (card: Card | QuestionCard, notice: DeliveryRequest['notice'] = 'gate_opened'): DeliveryRequest => ({
  delivery_id: 'delivery-1', channel: 'x', notice, run_id: 'automation-v2-run-1', automation_id: 'refund-order', node_id: 'approve', approval_request_id: 'q', gate_opening_id: 'o', card: { ...card },
});

describe('the console channel', () => {
  const render = async (request: DeliveryRequest): Promise<string> => {
    let written = '';
    const channel = new ConsoleChannel({ publicUrl: 'http://127.0.0.1:4400/', write: (text) => (written += text) });
    expect(await channel.send(request)).toEqual({ kind: 'sent' });
    return written;
  };

  it('writes what is asked and the exact command that answers it', async () => {
    const text = await render(requestFor(opened));
    expect(text).toContain('Waiting for a decision: refund-order: Refund [2J Ada\n');
    expect(text).toContain('  Line 1\n  Line 2\n');
    const command = text.split('\n').find((line) => line.includes('"approve"'))?.trim() ?? '';
    expect(command).toMatch(/^curl -X POST http:\/\/127\.0\.0\.1:4400\/automations\/v2\/runs\/automation-v2-run-1\/gate /);
    const args = execFileSync('/bin/sh', ['-c', command.replace(/^curl/, String.raw`printf '%s\n'`)], { encoding: 'utf8' }).trim().split('\n');
    expect(JSON.parse(args.at(-1) ?? '')).toEqual({ decision: 'approve', gate_opening_id: "automation_v2:r:approve:1'x" });
    expect(text).not.toContain('\u001b');
  });

  it('writes who decided, without commands', async () => {
    const text = await render(requestFor(decidedCard(opened, { node_id: 'approve', gate_opening_id: 'o', decision: 'approve', decided_at_ms: 1, decided_by: { kind: 'human', actor_id: 'grace' } }), 'gate_decided'));
    expect(text).toContain('Approved by grace.');
    expect(text).not.toContain('curl');
  });

  it('writes what a question asks with the page that answers it, and then who answered', async () => {
    const origin = { org_id: 'acme', workspace_id: 'ops', run_id: 'automation-v2-run-1', automation_id: 'restock', public_url: 'http://127.0.0.1:4400' };
    const question = askedCard(origin, { wait: { wait_id: 'q1', node_id: 'count', wait_kind: 'question', created_at_ms: 1 }, request: { kind: 'question', prompt: 'How many\u001b[2J?' } });
    const asked = await render(requestFor(question, 'question_asked'));
    expect(asked).toMatch(/── Waiting for an answer: restock: How many \[2J\?\n[^]*  Answer it: http:\/\/127\.0\.0\.1:4400\/inbox\/requests\/q1\n/);
    expect(asked).not.toMatch(/curl|\u001b/);
    const text = await render(requestFor(answeredCard(question, { answered_by: { kind: 'human', actor_id: 'grace' }, answered_at_ms: 1 }), 'question_answered'));
    expect(text).toMatch(/── Answered: restock[^]*Answered by grace\./);
    expect(text).not.toContain('Answer it');
  });

  it('writes what time has done, and where to look', async () => {
    const card = { ...opened, attention: 'Reminder 1: this still waits for a decision.', page_url: 'http://127.0.0.1:4400/inbox/o1' };
    const text = await render(requestFor(card, 'gate_reminded'));
    expect(text).toContain('  Reminder 1: this still waits for a decision.\n');
    expect(text).toContain('  Look at it: http://127.0.0.1:4400/inbox/o1\n');
    expect(await render(requestFor({ ...card, status: 'closed', actions: [], summary: 'Closed: the run ended.' }, 'gate_closed'))).toMatch(/── Closed: refund-order[^]*Closed: the run ended\./);
  });

  it('refuses a card that it cannot read', async () => {
    const channel = new ConsoleChannel({ publicUrl: 'http://x', write: () => undefined });
    expect(await channel.send({ ...requestFor(opened), card: {} })).toMatchObject({ kind: 'permanent' });
  });
});

describe('the webhook channel', () => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });
  const serve = async (handler: RequestListener): Promise<string> => {
    const server = createServer(handler);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  };
  const channelTo = (url: string, timeoutMs = 2_000, egressAllow = ['127.0.0.0/8']): WebhookChannel => {
    const http = createOutboundHttp({ egressAllow });
    closers.push(() => http.close());
    return new WebhookChannel({ http, url, secret: 'a shared secret', now: () => 1_700_000_000_500, timeoutMs });
  };
  const answering = (status: number, headers: Record<string, string> = {}) => serve((_request, response) => response.writeHead(status, headers).end());

  it('posts what its receiver can verify', async () => {
    let seen: { headers: IncomingHttpHeaders; body: string } | undefined;
    const url = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        seen = { headers: request.headers, body };
        response.writeHead(204).end();
      });
    });
    expect(await channelTo(url).send(requestFor(opened))).toEqual({ kind: 'sent' });
    expect(seen?.headers).toMatchObject({ 'idempotency-key': 'delivery-1', 'countersign-event-id': 'delivery-1', 'countersign-event-type': 'gate_opened', 'content-type': 'application/json' });
    const signature = String(seen?.headers['countersign-signature']);
    const received = { signature, body: seen?.body ?? '', nowMs: 1_700_000_010_000 };
    expect(verifyWebhook('a shared secret', received)).toBe(true);
    expect(verifyWebhook('another secret', received)).toBe(false);
    expect(verifyWebhook('a shared secret', { ...received, body: `${received.body} ` })).toBe(false);
    expect(verifyWebhook('a shared secret', { ...received, nowMs: received.nowMs + 400_000 })).toBe(false);
    expect(verifyWebhook('a shared secret', { ...received, signature: 'v1=' })).toBe(false);
    expect(JSON.parse(received.body)).toMatchObject({ id: 'delivery-1', type: 'gate_opened', data: { card: { title: opened.title } } });
  });

  it('signs as documented', () => {
    expect(signWebhook('k', '{}', 1_999)).toBe('t=1,v1=3dd49b2593d0f9a349e9e71c4bde3e2b862c2be4003fe9b4ba81332029310158');
  });

  it.each([[200, 'sent'], [202, 'sent'], [429, 'transient'], [500, 'transient'], [503, 'transient'], [408, 'transient'], [400, 'permanent'], [401, 'permanent'], [404, 'permanent'], [410, 'permanent'], [301, 'permanent']])(
    'takes %i as %s',
    async (status, kind) => {
      expect(await channelTo(await answering(status, { location: '/elsewhere' })).send(requestFor(opened))).toMatchObject({ kind });
    },
  );

  it('hands on how long the receiver asks to wait', async () => {
    expect(await channelTo(await answering(429, { 'retry-after': '30' })).send(requestFor(opened))).toMatchObject({ retry_after_ms: 30_000 });
    expect(await channelTo(await answering(503, { 'retry-after': new Date(1_700_000_060_500).toUTCString() })).send(requestFor(opened))).toMatchObject({ retry_after_ms: 59_500 });
  });

  it('tries again when the receiver is away or silent, and says no secret', async () => {
    const silent = await serve(() => undefined);
    const hanging = await channelTo(`${silent}?token=verysecret`, 50).send(requestFor(opened));
    expect(hanging).toMatchObject({ kind: 'transient' });
    const away = await channelTo('http://127.0.0.1:9/hook?token=verysecret').send(requestFor(opened));
    expect(away).toMatchObject({ kind: 'transient' });
    expect(JSON.stringify([hanging, away])).not.toContain('secret');
  });

  it('says of what surely did nothing that it did nothing', async () => {
    expect(await channelTo(await answering(429)).send(requestFor(opened))).toMatchObject({ kind: 'transient', not_posted: true });
    expect(await channelTo('http://127.0.0.1:9/hook').send(requestFor(opened))).toMatchObject({ kind: 'transient', not_posted: true });
    const silent = await serve(() => undefined);
    for (const url of [await answering(503), silent]) expect(await channelTo(url, 50).send(requestFor(opened))).not.toHaveProperty('not_posted');
  });

  it('gives up on an address that egress forbids', async () => {
    expect(await channelTo('http://127.0.0.1:9/', 500, []).send(requestFor(opened))).toMatchObject({ kind: 'permanent' });
  });
});
