import type { HttpAnswer, Reply } from '@cs/notification';
import type { OutboundHttp } from '@cs/outbound-http';
import { z } from 'zod';
import type { SlackApi } from './slack-api.js';
import type { SlackHandle } from './slack-handle.js';
import { emptyAnswer, ephemeral, jsonAnswer } from './slack-inbound.js';
import { reasonModal, toldModal } from './slack-modal.js';
import { fallbackText } from './slack-text.js';

export interface SlackAnswersOptions {
  readonly api: SlackApi;
  readonly http: OutboundHttp;
  /** Where the platform's own addresses lie, beside `https://hooks.slack.com`: the origin of a stand-in. */
  readonly apiOrigin: string;
  readonly now: () => number;
}

type AskReason = Extract<Reply, { kind: 'ask_reason' }>;
type Told = Exclude<Reply, AskReason>;

const hooksOrigin = 'https://hooks.slack.com';
const tooSlow = 'Slack took too long to open the form. Press the button again.';

/** Tells who acted what came of it: as the answer itself where Slack shows that, else by calls of its own. */
export class SlackAnswers {
  readonly #options: SlackAnswersOptions;

  constructor(options: SlackAnswersOptions) {
    this.#options = options;
  }

  async answer(handle: SlackHandle, reply: Reply, deadline_ms: number): Promise<HttpAnswer> {
    if (reply.kind === 'ask_reason') return this.#ask(handle, reply, deadline_ms);
    switch (handle.kind) {
      case 'view': return this.#afterForm(reply);
      case 'command': return jsonAnswer(ephemeral(fallbackText(reply.text)));
      case 'action': return this.#privately(handle, reply.text, deadline_ms);
    }
  }

  /** A form that took effect closes; what else is to be said is said in its place. */
  #afterForm({ kind, text }: Told): HttpAnswer {
    return jsonAnswer(kind === 'decided' ? { response_action: 'clear' } : { response_action: 'update', view: toldModal(text) });
  }

  async #ask(handle: SlackHandle, question: AskReason, deadline_ms: number): Promise<HttpAnswer> {
    if (handle.kind === 'view') return jsonAnswer({ response_action: 'update', view: reasonModal(question) });
    const opened = await this.#options.api.call({ method: 'views.open', as: 'json', answer: z.unknown(), deadline_ms, args: { trigger_id: handle.triggerId, view: reasonModal(question) } });
    return opened.kind === 'ok' ? emptyAnswer : this.#privately(handle, tooSlow, deadline_ms);
  }

  /** A message that only who acted sees. When it does not arrive, the card still tells. */
  async #privately({ responseUrl }: SlackHandle, text: string, deadline_ms: number): Promise<HttpAnswer> {
    const { http, now } = this.#options;
    const timeoutMs = deadline_ms - now();
    if (responseUrl === undefined || timeoutMs <= 0 || !this.#isPlatform(responseUrl)) return emptyAnswer;
    await http.request({ method: 'POST', url: responseUrl, timeoutMs, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(ephemeral(fallbackText(text))) });
    return emptyAnswer;
  }

  #isPlatform(url: string): boolean {
    const { origin } = URL.canParse(url) ? new URL(url) : { origin: '' };
    return origin === hooksOrigin || origin === this.#options.apiOrigin;
  }
}
