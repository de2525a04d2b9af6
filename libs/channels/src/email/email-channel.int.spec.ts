import type { AdapterOutcome, Outgoing, PostedMessage } from '@cs/notification';
import { createOutboundSockets, type OutboundSockets } from '@cs/outbound-http';
import { eventually } from '@cs/testing';
import { DoubleServer, EmailDouble, jsonAnswer, type EmailDoubleMail, type EmailDoubleOptions, type Fault } from '@cs/testing/doubles';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { decidedOutgoing, everyUnchangedCard, openCard, outgoingOf, requestOf } from '../chat/cards.fixture.js';
import { localhostCertificate } from './certificate.fixture.js';
import { EmailChannel, type EmailChannelOptions } from './email-channel.adapter.js';

const recipient = 'ops@example.com';
const account = { username: 'countersign', password: 'a-long-password' };
const reply = (status: number, body: string): Fault => ({ kind: 'answer', answer: { ...jsonAnswer(status, {}), body } });

describe('Channels: e-mail', () => {
  const closers: (() => Promise<unknown>)[] = [];
  let double: EmailDouble;
  let channel: EmailChannel;
  const made: Socket[] = [];
  /** Whether every connection of this side is gone. */
  const allClosed = (): boolean => made.every(({ destroyed }) => destroyed);
  const watched = (sockets: OutboundSockets): OutboundSockets => ({
    connect: async (address) => {
      const opened = await sockets.connect(address);
      if (opened.kind === 'connected') made.push(opened.socket);
      return opened;
    },
  });

  /** Another process of the notifier, with the same configuration and nothing in memory. */
  const another = (options: Partial<EmailChannelOptions> = {}, egressAllow: readonly string[] = ['127.0.0.0/8', '::1']): EmailChannel =>
    new EmailChannel({ sockets: watched(createOutboundSockets({ egressAllow })), host: '127.0.0.1', port: double.port, tls: 'none', from: 'countersign@example.org', username: '', password: '', ...options });
  const open = async (server: EmailDoubleOptions = {}, options: Partial<EmailChannelOptions> = {}): Promise<void> => {
    double = await new EmailDouble(server).start();
    channel = another(options);
    closers.push(() => channel.close(), () => double.close());
  };
  const post = async (outgoing: Outgoing = outgoingOf(recipient)): Promise<PostedMessage> => {
    const outcome = await channel.deliver(outgoing);
    if (outcome.kind !== 'sent' || outcome.message === undefined) throw new Error(JSON.stringify(outcome));
    return outcome.message;
  };
  const at = (index: number): EmailDoubleMail => {
    const mail = double.mails.at(index);
    if (mail === undefined) throw new Error(`there are ${double.mails.length} mails`);
    return mail;
  };
  const header = (mail: EmailDoubleMail, name: string): readonly string[] => mail.parsed.headers.filter(({ key }) => key === name).map(({ value }) => value);
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
    await eventually(allClosed);
    made.splice(0);
  });

  describe('a question', () => {
    it('is one mail, in words and as HTML, from and to one bare address, which no machine answers', async () => {
      await open();
      const message = await post();
      expect(message).toEqual({ conversation: recipient, message_id: '<delivery-0123456789abcdef0123456789abcdef@example.org>' });
      expect(double.mails).toHaveLength(1);
      const { from, to, parsed } = at(0);
      expect([from, to]).toEqual(['countersign@example.org', [recipient]]);
      expect(parsed).toMatchObject({ messageId: message.message_id, subject: openCard.title, from: { name: 'Countersign', address: 'countersign@example.org' }, attachments: [] });
      expect([header(at(0), 'auto-submitted'), header(at(0), 'in-reply-to')]).toEqual([['auto-generated'], []]);
      expect(parsed.text).toContain('Refund 129.00 EUR to Ada Lovelace');
      expect(parsed.html).toContain('Order 1042 came back damaged.<br>');
    });

    it('is the same mail to mail systems when it is sent again after an answer was lost', async () => {
      await open();
      double.faults.add({ path: 'DATA', times: 1, fault: { kind: 'lost_answer' } });
      const lost = await channel.deliver(outgoingOf(recipient));
      expect(lost).toEqual({ kind: 'transient', reason: expect.any(String) });
      channel = another();
      await post(outgoingOf(recipient, { mayBePosted: true }));
      expect(double.mails.map(({ parsed }) => parsed.messageId)).toEqual([at(0).parsed.messageId, at(0).parsed.messageId]);
    });

    it('stands below the first card of its run', async () => {
      await open();
      const thread = await post();
      await post(outgoingOf(recipient, { thread, request: requestOf(openCard, 'gate_opened', `delivery-${'b'.repeat(32)}`) }));
      expect([header(at(1), 'in-reply-to'), header(at(1), 'references')]).toEqual([[thread.message_id], [thread.message_id]]);
    });

    it('has no header of data: line ends and names in a title, in a message id and in a name stay text', async () => {
      await open({}, { fromName: 'Ops\r\nBcc: eve@example.com' });
      const evil = 'Pay\r\nBcc: eve@example.com\r\n\r\n<script>1</script>';
      const thread = { conversation: recipient, message_id: '<a@b>\r\nBcc: eve@example.com' };
      await post(outgoingOf(recipient, { thread, request: requestOf({ ...openCard, title: evil }, 'gate_opened', 'delivery\r\nBcc: eve@example.com') }));
      expect(at(0).to).toEqual([recipient]);
      expect([header(at(0), 'bcc'), header(at(0), 'in-reply-to')]).toEqual([[], []]);
      expect(at(0).parsed.subject).toBe('Pay Bcc: eve@example.com <script>1</script>');
      expect(at(0).parsed.messageId).toMatch(/^<[0-9a-f]{64}@example\.org>$/);
    });

    it.each(['C024BE91L', 'Ops <ops@example.com>', 'ops@example.com, eve@example.com', 'ops@example.com\r\nRCPT TO:<eve@example.com>'])('goes to no recipient like %j', async (to) => {
      await open();
      expect(await channel.deliver(outgoingOf(to))).toMatchObject({ kind: 'permanent', reason: expect.stringContaining('no e-mail address') });
      expect(double.connections.made).toBe(0);
    });
  });

  describe('what follows', () => {
    it.each(Object.entries(everyUnchangedCard).filter(([, { notice }]) => notice !== 'gate_opened'))('answers to the question, under its subject, and says what became of it: %s', async (state, { notice, card }) => {
      await open();
      const asked = [await post()];
      const outcome = await channel.deliver(outgoingOf(recipient, { asked, thread: { conversation: recipient, message_id: '<first@example.org>' }, request: requestOf(card, notice, `delivery-${'c'.repeat(32)}`) }));
      expect(outcome.kind).toBe('sent');
      const [question] = asked;
      expect([header(at(1), 'in-reply-to'), header(at(1), 'references'), at(1).parsed.subject]).toEqual([[question?.message_id], [`<first@example.org> ${question?.message_id}`], `Re: ${card.title}`]);
      expect(at(1).parsed.text).toContain({ reminded: 'Reminder', escalated: 'Escalated to finance-leads', approved: 'Approved by grace', voted: 'Approved by grace and lin', rework: 'Reason: The customer asked', cancelled: 'Cancelled by grace', expired: 'Expired', timeout_resume: 'Went on without a decision', closed: 'the run was cancelled', closed_by_reset: 'the run was reset', closed_by_reopening: 'so it asks again' }[state]);
    });

    it('is one mail however many mails asked, and none where nobody was asked', async () => {
      await open();
      const asked = [await post(), { conversation: recipient, message_id: '<again@example.org>' }];
      expect((await channel.deliver(decidedOutgoing(recipient, asked))).kind).toBe('sent');
      expect(double.mails).toHaveLength(2);
      expect(await channel.deliver(decidedOutgoing(recipient, []))).toEqual({ kind: 'sent' });
      expect(double.mails).toHaveLength(2);
    });
  });

  describe('permanent and transient', () => {
    it.each<[string, { readonly path: string; readonly fault: Fault }, Partial<AdapterOutcome>]>([
      ['an unknown mailbox', { path: 'RCPT TO', fault: reply(550, '5.1.1 No such user') }, { kind: 'permanent', reason: 'the mail server answered 550 5.1.1 No such user' }],
      ['a mail that is refused', { path: 'DATA', fault: reply(554, '5.7.1 Spam') }, { kind: 'permanent', reason: 'the mail server answered 554 5.7.1 Spam' }],
      ['a sender that is refused', { path: 'MAIL FROM', fault: reply(553, '5.7.1 Not you') }, { kind: 'permanent' }],
      ['greylisting', { path: 'RCPT TO', fault: reply(451, '4.7.1 Come back later') }, { kind: 'transient', not_posted: true, reason: 'the mail server answered 451 4.7.1 Come back later' }],
      ['a full disk', { path: 'DATA', fault: reply(452, '4.3.1 No space') }, { kind: 'transient', not_posted: true }],
      ['a connection that ends', { path: 'MAIL FROM', fault: { kind: 'cut' } }, { kind: 'transient' }],
    ])('%s', async (_, rule, expected) => {
      await open();
      double.faults.add(rule);
      expect(await channel.deliver(outgoingOf(recipient))).toMatchObject(expected);
      expect(double.mails).toHaveLength(0);
    });

    it('a server that is not there is tried again, and nothing was posted', async () => {
      await open();
      channel = another({ port: 1 });
      expect(await channel.deliver(outgoingOf(recipient))).toMatchObject({ kind: 'transient', not_posted: true });
    });

    it.each(['MAIL FROM', 'DATA'])('ends in time when the server is silent after %s, and leaves no connection', async (path) => {
      await open({}, { timeoutMs: 1_500 });
      double.faults.add({ path, fault: { kind: 'hang' } });
      expect(await channel.deliver(outgoingOf(recipient))).toEqual({ kind: 'transient', reason: 'the mail server did not finish in time' });
      await eventually(allClosed);
    });

    it.each(['starttls', 'implicit'] as const)('ends in time within TLS too: %s', async (tls) => {
      await open({ certificate: localhostCertificate, implicitTls: tls === 'implicit', account }, { tls, ca: localhostCertificate.cert, host: 'localhost', ...account, timeoutMs: 600 });
      double.faults.add({ path: 'RCPT TO', fault: { kind: 'hang' } });
      expect(await channel.deliver(outgoingOf(recipient))).toMatchObject({ kind: 'transient', reason: expect.stringContaining('in time') });
      await eventually(allClosed);
    });

    it('closing ends what is under way, and lets nothing begin', async () => {
      await open();
      double.faults.add({ path: 'MAIL FROM', fault: { kind: 'hang' } });
      const delivering = channel.deliver(outgoingOf(recipient));
      while (double.connections.open === 0) await new Promise(setImmediate);
      await channel.close();
      expect(await delivering).toMatchObject({ kind: 'transient' });
      expect(await channel.deliver(outgoingOf(recipient))).toMatchObject({ kind: 'transient', not_posted: true });
      await eventually(allClosed);
      expect(double.connections.made).toBe(1);
    });
  });

  describe('the way to the server', () => {
    it('is refused to a private address that egress does not name, before anything connects', async () => {
      await open();
      channel = another({}, []);
      expect(await channel.deliver(outgoingOf(recipient))).toMatchObject({ kind: 'permanent', reason: expect.stringContaining('COUNTERSIGN_EGRESS_ALLOW') });
      expect(double.connections.made).toBe(0);
    });

    it.each(['starttls', 'implicit'] as const)('is TLS with credentials: %s', async (tls) => {
      await open({ certificate: localhostCertificate, implicitTls: tls === 'implicit', account }, { tls, ca: localhostCertificate.cert, host: 'localhost', ...account });
      await post();
      expect(at(0)).toMatchObject({ secure: true, user: account.username });
    });

    it('carries nothing when the server offers no TLS', async () => {
      await open({}, { tls: 'starttls' });
      expect(await channel.deliver(outgoingOf(recipient))).toMatchObject({ kind: 'transient', not_posted: true, reason: expect.stringContaining('no TLS') });
      expect(double.mails).toHaveLength(0);
    });

    it.each(['starttls', 'implicit'] as const)('carries nothing when the certificate is not trusted: %s', async (tls) => {
      await open({ certificate: localhostCertificate, implicitTls: tls === 'implicit', account }, { tls, host: 'localhost', ...account });
      expect(await channel.deliver(outgoingOf(recipient))).toMatchObject({ kind: 'transient', reason: expect.stringContaining('no TLS') });
      expect(double.mails).toHaveLength(0);
    });

    it('says that credentials are wrong, and no secret', async () => {
      await open({ certificate: localhostCertificate, account }, { tls: 'starttls', ca: localhostCertificate.cert, host: 'localhost', username: account.username, password: 'another-password' });
      expect(await channel.deliver(outgoingOf(recipient))).toEqual({ kind: 'permanent', reason: 'the mail server refused the credentials (535)' });
    });

    it('repeats no password that a server says', async () => {
      await open({ certificate: localhostCertificate, account }, { tls: 'starttls', ca: localhostCertificate.cert, host: 'localhost', ...account });
      double.faults.add({ path: 'RCPT TO', fault: reply(550, `5.7.1 you are ${account.password}`) });
      expect(await channel.deliver(outgoingOf(recipient))).toEqual({ kind: 'permanent', reason: 'the mail server answered 550 5.7.1 you are ***' });
    });

    it('needs a name and a password, or neither', async () => {
      await open({}, { username: 'ada' });
      expect(await channel.deliver(outgoingOf(recipient))).toMatchObject({ kind: 'permanent', reason: expect.stringContaining('go together') });
    });
  });

  it('is shown on the page of the double as a mail program shows it', async () => {
    await open();
    const page = await new DoubleServer(double).start();
    closers.push(() => page.close());
    const kept = once(double.events, 'mail');
    await post();
    await kept;
    expect(await (await fetch(page.url)).text()).toContain(`href="${openCard.page_url}"`);
  });
});
