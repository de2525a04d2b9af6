import type { DeliveryRequest, GateDecision, PostedMessage } from '@cs/contracts';

export type { PostedMessage } from '@cs/contracts';

/** What a channel says about one attempt. Reasons are stored and shown: they hold no secret. */
export type AdapterOutcome =
  | { readonly kind: 'sent'; readonly message?: PostedMessage }
  /** It may work later: the network, a rate limit, the channel's own trouble. */
  | { readonly kind: 'transient'; readonly reason: string; readonly retry_after_ms?: number; /** The platform said that it did not take it, e.g. 429: nothing was posted. */ readonly not_posted?: boolean }
  /** It will never work: refused, gone, not what the channel takes. */
  | { readonly kind: 'permanent'; readonly reason: string };

/** One thing to do on a channel. `request.notice` says which; `request.card` is a card (card.schema.ts) without secrets. */
export interface Outgoing {
  readonly request: DeliveryRequest;
  /** Where to post: a conversation of the platform, or `user:<id>` for direct messages where users and conversations have the same form (Discord). */
  readonly recipient: string;
  /** Stands for this card in buttons: 32 lower-case hexadecimal digits. It decides nothing by itself and holds no state. */
  readonly token: string;
  /** The messages that asked about this gate opening or question here, the first one first; empty for the question itself. They are changed by what follows. */
  readonly asked: readonly PostedMessage[];
  /** Message that the cards of this run answer to, if there is one. */
  readonly thread?: PostedMessage;
  /** An attempt before this one may have posted the message without knowing it: look for it by `request.delivery_id`, where the platform can, before posting again. */
  readonly mayBePosted: boolean;
  /** The message of this very delivery, when an attempt before this one recorded it by `recordPosted` and came no further: it is finished, not posted again. */
  readonly posted?: PostedMessage;
  /** Puts the message of this delivery into the log. Called before the message can be pressed, where a platform cannot find a message again. */
  readonly recordPosted?: (message: PostedMessage) => Promise<void>;
}

/**
 * A place where people are told, bound to one installation and its settings.
 *
 * - `gate_opened`: posts the card with its buttons. `question_asked`: posts a question card (question-card.schema.ts) with the link to its page.
 * - `gate_voted`: changes the cards in `asked`, which keep their buttons and say where the votes stand, and answers nowhere. Without `asked` there is nothing to do.
 *   Only what can change its messages, or is read by a program, is given it.
 * - `gate_reminded`, `gate_escalated`, `question_reminded`: changes the cards in `asked` (they keep their buttons or their link, and say what time has done) and answers below.
 * - `gate_decided`, `gate_closed`, `question_answered`, `question_closed`: changes every card in `asked` to one without buttons that says who decided what, when and why, and answers below.
 *   A message that is gone is not an error. Changing to what a message is already is not one either.
 * - other notices: posts a message without buttons; `card` is a notice card (notice-card.schema.ts): a list, what became of a run, or a test.
 */
export interface ChannelAdapter {
  /** Bounded in time by the adapter itself; never throws for what the platform says. */
  deliver(outgoing: Outgoing): Promise<AdapterOutcome>;
  close?(): Promise<void>;
}

/** What the gateway took, untouched. */
export interface InboundCall {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Unix milliseconds. */
  readonly received_at_ms: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Who acted, as the platform's own signature vouches for it. */
export interface ChannelUser {
  /** Within the installation, e.g. `U012AB3CD`. */
  readonly user_id: string;
  readonly display_name?: string;
}

/** What a person did. `interaction_key` is the platform's own identity of it: the same one twice is a repetition. */
export interface Interaction {
  readonly interaction_key: string;
  readonly user: ChannelUser;
  readonly action:
    /** A button. Without a reason where one is needed, the adapter is told to ask for it. */
    | { readonly kind: 'press'; readonly decision: GateDecision; readonly token: string }
    /** The answer to the question for a reason. */
    | { readonly kind: 'reason'; readonly decision: GateDecision; readonly token: string; readonly reason: string }
    /** A person proves who they are by a code from the console. */
    | { readonly kind: 'enrol'; readonly code: string };
  /** The message that was pressed, when the platform says so. A card that was posted without our knowing is found by it. */
  readonly message?: PostedMessage;
  /** What the adapter needs to answer, e.g. a trigger id; kept in memory only. */
  readonly handle?: unknown;
}

/** What came in, after its signature was verified; nothing of the body is read before. */
export type Received =
  | { readonly kind: 'interaction'; readonly interaction: Interaction }
  /** The platform's own business: a ping, a challenge, an update that concerns nobody. */
  | { readonly kind: 'answered'; readonly answer: HttpAnswer }
  /** 401: not signed as it should be. 400: signed, and not what the platform sends. */
  | { readonly kind: 'refused'; readonly status: 400 | 401; readonly reason: string };

/** What to tell who acted. Texts are plain, true, and short. */
export type Reply =
  /** `decided`: it took effect, and the gate is closed. `voted`: it took effect, and the gate waits for others, who press the same card. `too_late`: it did not, because it was decided before. `refused`: not allowed, with the reason. `in_progress`: it is recorded and not known yet. `done`: anything else. */
  | { readonly kind: 'decided' | 'voted' | 'too_late' | 'refused' | 'in_progress' | 'done'; readonly text: string }
  /** Ask for a reason: a modal, or a prompt to answer to. */
  | { readonly kind: 'ask_reason'; readonly decision: GateDecision; readonly token: string; readonly title: string };

/** The inbound half of an installation, where the platform calls back. */
export interface InteractiveChannel extends ChannelAdapter {
  /** Verifies, then reads. Never throws. */
  receive(call: InboundCall): Promise<Received>;
  /** Renders the reply as the platform takes it, with calls of its own where it needs them, within `deadline_ms` (Unix milliseconds). */
  reply(interaction: Interaction, reply: Reply, deadline_ms: number): Promise<HttpAnswer>;
  /** Makes the platform call `callbackUrl`, where that can be set by its API. Repeating it changes nothing. */
  connect?(callbackUrl: string): Promise<AdapterOutcome>;
}
