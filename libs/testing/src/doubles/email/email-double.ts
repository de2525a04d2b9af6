import { EventEmitter, once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';
import { jsonAnswer, type DoubleAnswer, type DoubledPlatform, type PageContent } from '../doubled-platform.js';
import { FaultPlan, type Fault } from '../fault-plan.js';
import { emailPage, emailStyle } from './email-page.js';

/** What a mail server was given: the envelope, and the mail as a mail program reads it. */
export interface EmailDoubleMail {
  readonly from: string;
  readonly to: readonly string[];
  /** It came through TLS. */
  readonly secure: boolean;
  readonly user?: string | undefined;
  readonly raw: string;
  readonly parsed: Email;
}

export interface EmailDoubleOptions {
  /** With it STARTTLS is offered; absent, it is not. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** TLS from the first byte on. */
  readonly implicitTls?: boolean;
  /** Who has to sign in. Absent: nobody can. */
  readonly account?: { readonly username: string; readonly password: string };
  /** Longest mail, in bytes. Default 1 MiB. */
  readonly maxBytes?: number;
  readonly seed?: number;
}

type Done = (error?: Error | null) => void;

const smtpError = ({ status, body }: DoubleAnswer): Error => Object.assign(new Error(body), { responseCode: status });
/** RFC 5322, 2.1.1: a line has 998 octets at most. */
const maxLine = 998;

const readAll = async (stream: SMTPServerDataStream): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
};

const refusalOf = (raw: Buffer, isTooLong: boolean): Error | undefined => {
  if (isTooLong) return smtpError({ status: 552, body: '5.3.4 Message too big' });
  const isBroken = raw.toString('latin1').split('\r\n').some((line) => line.length > maxLine || /[\r\n\0]/.test(line));
  return isBroken ? smtpError({ status: 554, body: '5.6.0 Line too long, or a bare line end' }) : undefined;
};

/**
 * A mail server on 127.0.0.1. It takes mail for every address, keeps it, and goes wrong as `faults` say: their path is
 * the command (`MAIL FROM`, `RCPT TO <address>`, `DATA`), the status of their answer the reply code. As a platform it has no
 * HTTP API, only its page.
 */
export class EmailDouble implements DoubledPlatform {
  readonly name = 'E-mail';
  readonly style = emailStyle;
  readonly mails: EmailDoubleMail[] = [];
  readonly faults: FaultPlan;
  /** `mail` when one was kept. */
  readonly events = new EventEmitter();
  readonly #options: EmailDoubleOptions;
  readonly #sockets = new Set<Socket>();
  readonly #server: SMTPServer;
  #connections = 0;

  constructor(options: EmailDoubleOptions = {}) {
    this.#options = options;
    this.faults = new FaultPlan(options.seed);
    this.#server = new SMTPServer(this.#serverOptions());
    this.#server.on('error', () => undefined);
    this.#server.server.on('connection', (socket: Socket) => {
      this.#connections += 1;
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  async start(port = 0): Promise<this> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server.server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.server.address() as AddressInfo).port;
  }

  /** Connections that were made, and those that are open. */
  get connections(): { readonly made: number; readonly open: number } {
    return { made: this.#connections, open: this.#sockets.size };
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  answer(): DoubleAnswer {
    return jsonAnswer(404, { error: 'mail is taken by SMTP' });
  }

  page(): PageContent {
    return { html: emailPage(this.mails.map(({ parsed }) => parsed)) };
  }

  act(): Promise<string | undefined> {
    return Promise.resolve('Nothing can be done in a mail: follow its link.');
  }

  #serverOptions(): SMTPServerOptions {
    const { certificate, implicitTls = false, account, maxBytes = 1024 * 1024 } = this.#options;
    return {
      ...certificate, secure: implicitTls, size: maxBytes, authOptional: account === undefined, logger: false, closeTimeout: 100, disableReverseLookup: true,
      disabledCommands: [...(certificate === undefined || implicitTls ? ['STARTTLS'] : []), ...(account === undefined ? ['AUTH'] : [])],
      onAuth: ({ username, password }, session, done) => {
        this.#meet('AUTH', session, (error) => {
          if (error) return done(error);
          return username === account?.username && password === account?.password ? done(null, { user: username ?? '' }) : done(smtpError({ status: 535, body: '5.7.8 Bad credentials' }));
        });
      },
      onMailFrom: (_address, session, done) => this.#meet('MAIL FROM', session, done),
      onRcptTo: ({ address }, session, done) => this.#meet(`RCPT TO ${address}`, session, done),
      onData: (stream, session, done) => void this.#take(stream, session, done),
    };
  }

  async #take(stream: SMTPServerDataStream, session: SMTPServerSession, done: Done): Promise<void> {
    const raw = await readAll(stream);
    const fault = this.faults.pick('DATA');
    if (fault !== undefined && fault.kind !== 'lost_answer' && fault.kind !== 'slow') return this.#fail(fault, session, done);
    const refusal = refusalOf(raw, stream.sizeExceeded);
    if (refusal) return done(refusal);
    await this.#keep(raw, session);
    if (fault === undefined) done();
    else this.#fail(fault, session, done);
  }

  async #keep(raw: Buffer, { envelope, secure, user }: SMTPServerSession): Promise<void> {
    const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
    this.mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), secure, user: typeof user === 'string' ? user : undefined, raw: raw.toString('utf8'), parsed: await PostalMime.parse(raw) });
    this.events.emit('mail');
  }

  /** Goes on, unless a fault concerns the command. */
  #meet(command: string, session: SMTPServerSession, done: Done): void {
    const fault = this.faults.pick(command);
    if (fault === undefined) done();
    else this.#fail(fault, session, done);
  }

  #fail(fault: Fault, { remotePort }: SMTPServerSession, done: Done): void {
    switch (fault.kind) {
      case 'answer': return done(smtpError(fault.answer));
      case 'slow': return void setTimeout(done, fault.delay_ms).unref();
      case 'hang': return;
      case 'cut':
      case 'lost_answer': for (const socket of this.#sockets) if (socket.remotePort === remotePort) socket.destroy();
    }
  }
}
