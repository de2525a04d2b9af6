import { followsUp, type AdapterOutcome, type ChannelAdapter, type Outgoing } from '@cs/notification';
import type { OutboundSockets } from '@cs/outbound-http';
import { isIP, type Socket } from 'node:net';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { viewOf } from '../chat/card-view.js';
import { addressOf } from './email-address.js';
import { renderEmail, type EmailContent } from './email-card.js';
import { mailOf, messageIdOf, type EmailSender } from './email-message.js';
import { emailOutcome } from './email-outcome.js';

/** `starttls`: in clear until the server agrees to TLS, and nothing is sent if it does not. `implicit`: TLS from the first byte on. `none`: in clear. */
export const emailTlsModes = ['starttls', 'implicit', 'none'] as const;
export type EmailTls = (typeof emailTlsModes)[number];

export interface EmailChannelOptions extends EmailSender {
  readonly sockets: OutboundSockets;
  readonly host: string;
  readonly port: number;
  readonly tls: EmailTls;
  /** Empty: nobody signs in. */
  readonly username: string;
  /** Empty: nobody signs in. */
  readonly password: string;
  /** Certificates to trust instead of the usual ones, PEM. */
  readonly ca?: string;
  /** Limit of one delivery. Default 20 s. */
  readonly timeoutMs?: number;
}

const sent: AdapterOutcome = { kind: 'sent' };
const permanent = (reason: string): AdapterOutcome => ({ kind: 'permanent', reason });

/**
 * Cards as mails through one SMTP server. A mail can neither be changed nor decide: its link leads to the page, and what
 * becomes of a question comes as an answer to its mail. Each delivery has a connection of its own.
 */
export class EmailChannel implements ChannelAdapter {
  readonly #options: EmailChannelOptions;
  readonly #attempts = new Set<AbortController>();
  #closed = false;

  constructor(options: EmailChannelOptions) {
    this.#options = options;
  }

  async deliver(outgoing: Outgoing): Promise<AdapterOutcome> {
    const view = viewOf(outgoing.request);
    if (view === undefined) return permanent('the card cannot be read');
    if (followsUp(outgoing.request.notice) && outgoing.asked.length === 0 && view.actions.length === 0) return sent;
    const to = addressOf(outgoing.asked[0]?.conversation ?? outgoing.recipient);
    return to === undefined ? permanent('the recipient is no e-mail address: one bare address is needed, e.g. ops@example.com') : this.#write(outgoing, to, renderEmail(view));
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const attempt of this.#attempts) attempt.abort();
    return Promise.resolve();
  }

  async #write(outgoing: Outgoing, to: string, content: EmailContent): Promise<AdapterOutcome> {
    const { username, password, from } = this.#options;
    if ((username === '') !== (password === '')) return permanent('the option "username" and the secret "password" go together');
    const outcome = await this.#send(mailOf(outgoing, { to, content, sender: this.#options }));
    return outcome.kind === 'sent' ? { kind: 'sent', message: { conversation: to, message_id: messageIdOf(outgoing.request.delivery_id, from) } } : outcome;
  }

  async #send(mail: SendMailOptions): Promise<AdapterOutcome> {
    const { sockets, host, port, timeoutMs = 20_000 } = this.#options;
    const attempt = new AbortController();
    const timer = setTimeout(() => attempt.abort(), timeoutMs);
    this.#attempts.add(attempt);
    try {
      if (this.#closed) return { kind: 'transient', reason: 'the channel is being closed', not_posted: true };
      const opened = await sockets.connect({ host, port, timeoutMs });
      if (opened.kind === 'connected') return await this.#hand(mail, opened.socket, attempt.signal);
      return opened.reason === 'egress_denied' ? permanent(opened.message) : { kind: 'transient', reason: opened.message, not_posted: true };
    } finally {
      clearTimeout(timer);
      this.#attempts.delete(attempt);
    }
  }

  async #hand(mail: SendMailOptions, connection: Socket, signal: AbortSignal): Promise<AdapterOutcome> {
    let isTaken = false;
    const take = (): Socket => {
      isTaken = true;
      return connection;
    };
    try {
      await this.#transport(take).sendMail({ ...mail, signal });
      return sent;
    } catch (error) {
      return emailOutcome(error, this.#options.password);
    } finally {
      // The library ends what it took, through the TLS around it: a socket that is destroyed beneath its TLS can end the process.
      if (!isTaken) connection.destroy();
    }
  }

  /** One connection, made here: the mail library resolves and connects nothing. */
  #transport(take: () => Socket) {
    const { host, port, tls, username, password, from, ca, timeoutMs = 20_000 } = this.#options;
    return createTransport({
      host, port, secure: tls === 'implicit', requireTLS: tls === 'starttls', ignoreTLS: tls === 'none', name: from.slice(from.lastIndexOf('@') + 1),
      tls: { minVersion: 'TLSv1.2', ...(isIP(host) === 0 ? { servername: host } : {}), ...(ca === undefined ? {} : { ca }) },
      ...(username === '' ? {} : { auth: { user: username, pass: password }, forceAuth: true }),
      connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs, disableFileAccess: true, disableUrlAccess: true,
      socketCloseTimeout: 0, getSocket: (_options, give) => give(null, { connection: take() }),
    });
  }
}
