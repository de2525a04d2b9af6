import { eventually } from '@cs/testing';
import { EmailDouble } from '@cs/testing/doubles';
import { jest } from '@jest/globals';
import { Client } from './client.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(180_000);

const patience = { timeoutMs: 60_000 };
/** Of the notifier, where nobody configured another one. */
const publicUrl = 'http://127.0.0.1:4400';

/** Every address that a mail names, in either form, once. */
const linksOf = ({ text = '', html = '' }: { readonly text?: string | undefined; readonly html?: string | undefined }): readonly string[] =>
  [...new Set([...text.matchAll(/https?:\/\/\S+/g), ...html.replaceAll('&amp;', '&').matchAll(/https?:\/\/[^\s"'<>]+/g)].map(([link]) => link))];

describe('Channels: a gate is told by e-mail', () => {
  let system: System;
  let client: Client;
  let mailServer: EmailDouble;

  beforeAll(async () => {
    mailServer = await new EmailDouble().start();
    system = await System.start({ env: { COUNTERSIGN_CHANNEL_SECRET_MAIL: 'x' } });
    client = new Client(system.url, system.paymentsUrl);
    await client.loadExample('refund/refund.automation.yaml');
    const { status, body } = await client.call('PUT', '/channels/mail', {
      body: { kind: 'email', name: 'Approvals', settings: { recipient: 'ops@example.com', per_second: 20, options: { host: '127.0.0.1', port: String(mailServer.port), tls: 'none', from: 'countersign@example.org' } }, secrets: {} },
    });
    if (status !== 200) throw new Error(JSON.stringify(body));
  });
  afterAll(async () => {
    await system.stop();
    await mailServer.close();
  });

  it('refuses settings that no mail could be sent with, and says where', async () => {
    const refused = await client.call('PUT', '/channels/other', { body: { kind: 'email', name: 'x', settings: { recipient: 'Ops <ops@example.com>', options: { host: 'smtp.example.com', from: 'a@example.com\r\nBcc: b@example.com' } }, secrets: {} } });
    expect(refused).toMatchObject({ status: 400, body: { code: 'CHANNEL_INVALID', problems: [{ path: 'settings.recipient' }, { path: 'settings.options.from' }] } });
  });

  it('scanners that open every link of the mail, by GET and by HEAD, decide nothing; the page decides by POST, and the answer to the mail tells it', async () => {
    const run = await client.startRefund('order-4712');
    await client.untilGate(run);
    await eventually(() => mailServer.mails.length === 1, patience);
    const [question] = mailServer.mails;
    if (question === undefined) throw new Error('there is no mail');
    const links = linksOf(question.parsed).filter((link) => link.startsWith(publicUrl)).map((link) => link.replace(publicUrl, system.url));
    expect(links).toHaveLength(1);
    for (const link of links) {
      // As a scanner does, and as somebody does who sits at the machine.
      for (const headers of [{ 'user-agent': 'scanner' }, { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }]) {
        for (const method of ['GET', 'HEAD']) expect((await fetch(link, { method, headers })).status).toBeLessThan(500);
        for (const extra of ['?decision=approve', '?decision=approve&token=x', '/approve']) await fetch(`${link}${extra}`, { headers });
      }
    }
    const waiting = await client.run(run);
    expect([waiting.status, waiting.checkpoint.gate_history]).toEqual(['awaiting_approval', []]);
    expect((await client.ledger('order-4712')).count).toBe(0);

    const [link = ''] = links;
    const page = await (await fetch(link, { headers: { 'sec-fetch-site': 'none' } })).text();
    const token = /name="token" value="([^"]+)"/.exec(page)?.[1] ?? '';
    const posted = await fetch(link, { method: 'POST', redirect: 'manual', headers: { origin: system.url, 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ token, decision: 'approve', reason: 'checked' }).toString() });
    expect(posted.status).toBe(303);
    const finished = await client.untilFinished(run);
    expect(finished.checkpoint.gate_history).toMatchObject([{ decision: 'approve', reason: 'checked' }]);
    await eventually(() => mailServer.mails.length === 2, patience);
    expect(mailServer.mails[1]?.parsed).toMatchObject({ inReplyTo: question.parsed.messageId, subject: `Re: ${question.parsed.subject}`, text: expect.stringMatching(/Approved by [^]*Reason: checked/) });
  });
});
