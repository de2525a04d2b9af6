import { httpErrorCatalogue, isHttpErrorCode, retryAfterSeconds, routes, statusOfCode, type RouteDefinition, type RouteInput } from '@cs/http-api';
import type { Exchange } from '../http/exchange.js';
import { pathOf, type Refused } from '../http/problem-answer.js';
import { readInput } from '../http/read-input.js';
import type { Identity } from '../identity/identity.js';
import { sendPage, type Page } from './page-frame.js';
import type { PageSecrets } from './page-secrets.js';
import { isOwnForm, visitorOf, type PageVisitor } from './page-visitor.js';
import { crossingPage, messagePage, signInPage, type SignInView } from './sign-in.page.js';

/** A page that somebody who is known asked for. */
export interface Visit {
  readonly exchange: Exchange;
  readonly visitor: Extract<PageVisitor, { readonly kind: 'known' }>;
}
type VisitOf<Route extends RouteDefinition> = Visit & { readonly input: RouteInput<Route> };

export interface PageDeskOptions {
  readonly identity: Identity;
  readonly secrets: PageSecrets;
  /** The gateway as people reach it. */
  readonly publicUrl: string | undefined;
  readonly now: () => number;
}

/** Paths of the inbox, and no other: a form cannot send anyone elsewhere. */
const ownPath = /^\/inbox(?:(?:\/(?:requests|runs))?\/[A-Za-z0-9._~:%-]{1,1300})?$/;
const targetOf = (path: string): string => (ownPath.test(path) && !path.startsWith('/inbox/session') ? path : '/inbox');

const foreignForm = 'This form was not sent by a page of this server. Nothing was done.';

/** Receives who asks for a page, and sends pages. */
export class PageDesk {
  readonly #options: PageDeskOptions;

  constructor(options: PageDeskOptions) {
    this.#options = options;
  }

  get secrets(): PageSecrets {
    return this.#options.secrets;
  }

  get secure(): boolean {
    return this.#options.publicUrl?.startsWith('https:') === true;
  }

  now(): number {
    return this.#options.now();
  }

  /** Who is there and what they ask for; `undefined` when they were answered already. */
  async receive<Route extends RouteDefinition>(route: Route, exchange: Exchange): Promise<VisitOf<Route> | undefined> {
    const visitor = await visitorOf(exchange.request, { ...this.#options, nowMs: this.now() });
    if (visitor.kind === 'unknown') {
      this.#turnAway(exchange, visitor.refusal.code);
      return undefined;
    }
    const input = readInput(route, exchange.request);
    if (input.ok) return { exchange, visitor, input: input.value };
    this.refuse({ exchange, visitor }, input.refusal);
    return undefined;
  }

  /** The same for a form, which a page of this server has to have sent. */
  async receiveForm<Route extends RouteDefinition>(route: Route, exchange: Exchange): Promise<VisitOf<Route> | undefined> {
    return this.isOwn(exchange) ? await this.receive(route, exchange) : undefined;
  }

  /** A credential that is good, and where to go with it; `undefined` when they were answered already. */
  async receiveSignIn(exchange: Exchange): Promise<{ readonly credential: string; readonly to: string } | undefined> {
    if (!this.isOwn(exchange)) return undefined;
    const input = readInput(routes.signIn, exchange.request);
    if (!input.ok) {
      this.askToSignIn(exchange, { to: '/inbox', notice: input.refusal.message });
      return undefined;
    }
    const { to } = input.value.body;
    const credential = input.value.body.credential.trim();
    const { remoteAddress, localPort } = exchange.request.socket;
    const identified = await this.#options.identity.identify({ headers: { authorization: `Bearer ${credential}` }, remoteAddress, localPort });
    if (identified.ok) return { credential, to: targetOf(to) };
    this.askToSignIn(exchange, { to: targetOf(to), notice: 'This is no valid API key or assertion.' });
    return undefined;
  }

  isOwn(exchange: Exchange): boolean {
    if (isOwnForm(exchange.request, this.#options.publicUrl)) return true;
    sendPage(exchange.reply, 403, { title: 'Refused', body: messagePage('Refused', foreignForm) });
    return false;
  }

  askToSignIn({ reply }: Exchange, view: SignInView): void {
    sendPage(reply, 401, { title: 'Sign in', body: signInPage(view) });
  }

  show({ exchange, visitor }: Visit, page: Pick<Page, 'title' | 'body'>, status = 200): void {
    sendPage(exchange.reply, status, { ...page, visitor });
  }

  refuse(visit: Visit, refusal: Refused): void {
    const status = this.statusOf(visit, refusal);
    const title = isHttpErrorCode(refusal.code) ? httpErrorCatalogue[refusal.code].title : 'This did not work';
    this.show(visit, { title, body: messagePage(title, this.sentenceOf(refusal)) }, status);
  }

  /** The status of a refusal, with its Retry-After. */
  statusOf({ exchange }: Visit, { code, retryAfterS }: Refused): number {
    const retryAfter = retryAfterSeconds(code, retryAfterS);
    if (retryAfter !== undefined) exchange.reply.header('retry-after', String(retryAfter));
    return statusOfCode(code);
  }

  /** What was wrong and what to do, for people. */
  sentenceOf({ code, message }: Refused): string {
    const said = `${message.charAt(0).toUpperCase()}${message.slice(1)}`;
    return isHttpErrorCode(code) ? `${said.replace(/\.?$/, '.')} ${httpErrorCatalogue[code].remedy}` : said;
  }

  #turnAway(exchange: Exchange, code: string): void {
    const to = targetOf(pathOf(exchange.request.url));
    if (code === 'REQUEST_ORIGIN_FORBIDDEN') sendPage(exchange.reply, 403, { title: 'Opened from another page', body: crossingPage(to) });
    else this.askToSignIn(exchange, { to });
  }
}
