import type { AggregateRef, ChannelInteraction, DeliveryRequest, GateDecision, GovernanceActor, PostedMessage } from '@cs/contracts';
import { loadAggregate, type Eventing, type IdSource } from '@cs/eventing';
import { accepted, refused, type Refusal, type Result } from '@cs/kernel';
import { denialByTurns, denialOf, mayEnter, type InteractionDenial } from './authorise-interaction.policy.js';
import { cardSchema, type Card } from './card.schema.js';
import { carryOut, commandInteraction, type CarryOutOptions } from './carry-out-interaction.command-handler.js';
import type { ChannelUser, HttpAnswer, InboundCall, Interaction, InteractiveChannel, Reply } from './channel-adapter.port.js';
import { channelInteractionAggregate, channelInteractionRef, type InteractionState, type Settlement } from './channel-interaction.aggregate.js';
import type { InstalledChannel } from './channel.state.js';
import { deliveryAggregate, deliveryOfToken } from './delivery-aggregate.js';
import { enrolUser } from './enrolment.js';
import type { Pace } from './installation-sender.js';
import { noteDuplicate } from './note-duplicate.js';
import { endingOf } from './prepare-delivery.js';
import { redactText } from './redact-text.js';
import { waitOf, type Turn, type UserTurns } from './user-turns.js';

/** An installation that is called back; one that is not enabled decides nothing, and says so. */
export interface CalledInstallation {
  readonly installed: InstalledChannel;
  readonly adapter: InteractiveChannel;
  readonly pace: Pace;
}

export interface ReceiveOptions extends CarryOutOptions {
  /** Of all notifiers together. */
  readonly turns: UserTurns;
  /** SHA-256 in hexadecimal digits. */
  readonly digestOfBody: (body: Uint8Array) => string;
  /** The value, or `undefined` when it takes longer. */
  readonly within: <Value>(value: Promise<Value>, ms: number) => Promise<Value | undefined>;
  readonly newId: IdSource;
  /** In [0, 1). */
  readonly random: () => number;
}

type Acting = Exclude<Interaction['action'], { kind: 'enrol' }>;

interface Call extends CalledInstallation {
  readonly interaction: Interaction;
  readonly ref: AggregateRef;
  readonly body_digest: string;
  readonly deadline_ms: number;
}

/** What an answer takes after the decision: rendering, and one call of the platform. */
const replyMs = 700;
const maxReasonLength = 4_000;

const labelled = (display_name = ''): Pick<GovernanceActor, 'display_name'> => (display_name.trim() === '' ? {} : { display_name: display_name.trim().slice(0, 128) });

/**
 * A person as the gate knows them: Slack users by team and app, others by their id within the platform, with
 * the person whom they have shown to be by a code. Nothing of it is said by who presses.
 */
const actorOf = ({ channel: { kind, settings }, users }: InstalledChannel, { user_id, display_name }: ChannelUser): GovernanceActor => {
  const { team_id = '', app_id = '' } = settings.options;
  const person = users.find((user) => user.user_id === user_id)?.person;
  return { kind: 'human', source: kind, actor_id: kind === 'slack' ? `channel:slack:${team_id}:${app_id}:${user_id}` : user_id, ...(person === undefined ? {} : { person }), ...labelled(display_name) };
};

const turnOf = ({ installed: { channel }, interaction, deadline_ms }: Call, what: Turn['what']): Turn => ({ what, callback_id: channel.callback_id, user_id: interaction.user.user_id, deadline_ms });

interface Asked {
  readonly request: DeliveryRequest & Record<'run_id' | 'node_id' | 'approval_request_id' | 'gate_opening_id', string>;
  readonly card: Card;
  readonly ref: AggregateRef;
}

const isAboutGate = (request: DeliveryRequest): request is Asked['request'] =>
  [request.run_id, request.node_id, request.approval_request_id, request.gate_opening_id].every((member) => member !== undefined);

/** The card that a button stands for: of this installation, whoever knows its token. */
const askedBy = async ({ store }: Eventing, { channel }: InstalledChannel, token: string): Promise<Asked | undefined> => {
  const ref = deliveryOfToken(channel.tenant_context, token);
  if (ref === undefined) return undefined;
  const { state } = await loadAggregate({ store, aggregate: deliveryAggregate }, ref);
  if (state.status === 'none' || state.request.installation !== channel.channel_id || !isAboutGate(state.request)) return undefined;
  const card = cardSchema.safeParse(state.request.card);
  return card.success ? { request: state.request, card: card.data, ref } : undefined;
};

const inProgress: Reply = { kind: 'in_progress', text: 'Your decision is recorded and is being carried out. The card will say what became of it.' };

const replyOf = ({ outcome, still_open, text }: Settlement): Reply => ({ kind: outcome === 'decided' && still_open === true ? 'voted' : outcome, text });

/** What was said, or is known by now, to the same interaction before. */
const replyOfKnown = (state: InteractionState): Reply | undefined => {
  if (state.status === 'none') return undefined;
  if (state.status === 'accepted') return inProgress;
  return state.status === 'refused' ? { kind: 'refused', text: state.text } : replyOf(state);
};

const tierOfDecision = 'approve';

const denial = (options: ReceiveOptions, call: Call, { asked, what }: { readonly asked: Asked | undefined; readonly what: Turn['what'] }): Promise<InteractionDenial | undefined> =>
  denialOf({
    installed: call.installed, user_id: call.interaction.user.user_id, tier: tierOfDecision, gate: asked && { risk_tier: asked.request.risk_tier, page_url: asked.card.page_url },
    wait: () => waitOf(options, turnOf(call, what)),
  });

const isAboutTurns = (code: string): boolean => code === 'RATE_LIMITED' || code === 'LOG_UNAVAILABLE';

type Denied = { readonly code: string; readonly text: string };

/** Who tried, and why not, for the audit. Not when there were too many, or nobody can count them: a flood must not fill the log. */
const refuse = async (options: ReceiveOptions, call: Call, { code, text, action }: Denied & { readonly action: Acting }): Promise<Reply> => {
  const { installed, interaction, ref, body_digest } = call;
  const { channel_id, tenant_context } = installed.channel;
  const refusedEvent = {
    channel_id, tenant_context, interaction_key: interaction.interaction_key.slice(0, 400), body_digest, user_id: interaction.user.user_id, delivery_id: `delivery-${action.token}`, requested_decision: action.decision, code, detail: text,
    actor: actorOf(installed, interaction.user),
  };
  const isRecorded = !isAboutTurns(code) && (await waitOf(options, turnOf(call, 'refusals'))) === 0;
  if (isRecorded) await commandInteraction(options, ref, { command: { kind: 'refuse', refused: refusedEvent }, causation_id: ref.id });
  return { kind: 'refused', text };
};

const interactionOf = (call: Call, { asked, action }: { readonly asked: Asked; readonly action: Acting }): ChannelInteraction => {
  const { installed, interaction, body_digest } = call;
  const { channel } = installed;
  const { run_id, node_id, approval_request_id, gate_opening_id, delivery_id } = asked.request;
  const { user_id, display_name } = interaction.user;
  const reason = action.kind === 'reason' ? redactText(action.reason).trim().slice(0, maxReasonLength) : undefined;
  return {
    channel_id: channel.channel_id, tenant_context: channel.tenant_context, interaction_key: interaction.interaction_key.slice(0, 400), body_digest, user_id, ...(display_name === undefined ? {} : { display_name: display_name.slice(0, 256) }),
    delivery_id, decision: action.decision, ...(reason === undefined ? {} : { reason }), actor: actorOf(installed, interaction.user), run_id, node_id, approval_request_id, gate_opening_id,
  };
};

/** First it is in the log, then it is decided: what dies in between is carried out by the consumer. */
const recordAndDecide = async (options: ReceiveOptions, call: Call, { asked, action }: { readonly asked: Asked; readonly action: Acting }): Promise<Result<Reply>> => {
  const interaction = interactionOf(call, { asked, action });
  const recorded = await commandInteraction(options, call.ref, { command: { kind: 'receive', interaction }, causation_id: call.ref.id });
  if (recorded.kind === 'refused') return { ok: false, refusal: recorded.refusal };
  if (recorded.kind === 'contended') return refused('CONCURRENT_CHANGE', 'the interaction is being recorded by others');
  if (!recorded.changed) return accepted(replyOfKnown(recorded.loaded.state) ?? inProgress);
  const timeoutMs = Math.max(call.deadline_ms - replyMs - options.eventing.clock(), 50);
  const settled = await options.within(carryOut(options, call.ref, { interaction, timeoutMs }), timeoutMs);
  return accepted(settled === undefined ? inProgress : replyOf(settled));
};

const offers = ({ card }: Asked, decision: GateDecision): boolean => card.actions.some((action) => action.decision === decision);
const needsReason = ({ card }: Asked, decision: GateDecision): boolean => card.actions.some((action) => action.decision === decision && action.requires_reason);

const withoutReason = (action: Acting): boolean => action.kind === 'press' || action.reason.trim() === '';
const asksForReason = (asked: Asked, action: Acting): boolean => needsReason(asked, action.decision) && withoutReason(action);

const tooLateToAsk = async (eventing: Eventing, { ref, request }: Asked): Promise<Reply | undefined> => {
  const ending = await endingOf(eventing, ref, request);
  if (ending === undefined) return undefined;
  return { kind: 'too_late', text: `Already settled: ${cardSchema.safeParse(ending.request.card).data?.summary ?? 'this request is no longer open.'}` };
};

const unknownCard: Denied = { code: 'CHANNEL_CARD_UNKNOWN', text: 'This card is not known here. Look at the inbox.' };
const notOffered: Denied = { code: 'AUTOMATION_V2_GATE_INVALID_DECISION', text: 'This request does not take that decision.' };

/** What a user wants who may, to a card that is known. */
const actOn = async (options: ReceiveOptions, call: Call, { asked, action }: { readonly asked: Asked; readonly action: Acting }): Promise<Result<Reply>> => {
  if (!offers(asked, action.decision)) return accepted(await refuse(options, call, { ...notOffered, action }));
  if (!asksForReason(asked, action)) return await recordAndDecide(options, call, { asked, action });
  return accepted((await tooLateToAsk(options.eventing, asked)) ?? { kind: 'ask_reason', decision: action.decision, token: action.token, title: asked.card.title });
};

const act = async (options: ReceiveOptions, call: Call, action: Acting): Promise<Result<Reply>> => {
  const asked = await askedBy(options.eventing, call.installed, action.token);
  const isPrompt = asked !== undefined && asksForReason(asked, action);
  const denied = await denial(options, call, { asked, what: isPrompt ? 'prompts' : 'decisions' });
  if (denied !== undefined || asked === undefined) return accepted(await refuse(options, call, { ...(denied ?? unknownCard), action }));
  return await actOn(options, call, { asked, action });
};

const enrol = async (options: ReceiveOptions, call: Call, code: string): Promise<Reply> => {
  const { installed, interaction: { user: { user_id } } } = call;
  if (!mayEnter(installed, user_id)) return { kind: 'refused', text: 'You may not act in this channel: user not in allowed_users.' };
  const denied = denialByTurns(await waitOf(options, turnOf(call, 'prompts')));
  if (denied !== undefined) return { kind: 'refused', text: denied.text };
  const person = await enrolUser(options.eventing, installed, { user_id, code });
  return person === undefined ? { kind: 'refused', text: 'This code is not valid (any more). Get a new one in Countersign.' } : { kind: 'done', text: `You are linked to ${person}.` };
};

/** A card that was posted by an attempt whose outcome was lost shows itself by being pressed. */
const lookAtMessage = (options: ReceiveOptions, call: Call, { token, message }: { readonly token: string; readonly message: PostedMessage }): Promise<void> => {
  const ref = deliveryOfToken(call.installed.channel.tenant_context, token);
  return ref === undefined ? Promise.resolve() : noteDuplicate({ eventing: options.eventing, adapter: call.adapter, pace: call.pace, random: options.random, newId: options.newId }, ref, message);
};

/** Nothing is recorded of it: nobody watches such a channel, and whoever presses is told. */
const closedTexts: Readonly<Record<Exclude<InstalledChannel['status'], 'enabled'>, string>> = {
  removed: 'This channel was removed from Countersign: nothing is decided here any more. Use the inbox.',
  disabled: 'This channel is switched off in Countersign: nothing is decided here until it is on again. Use the inbox.',
};

const replyTo = async (options: ReceiveOptions, call: Call): Promise<Result<Reply>> => {
  const { interaction: { action }, ref, installed } = call;
  if (installed.status !== 'enabled') return accepted({ kind: 'refused', text: closedTexts[installed.status] });
  if (action.kind === 'enrol') return accepted(await enrol(options, call, action.code));
  const { state } = await loadAggregate({ store: options.eventing.store, aggregate: channelInteractionAggregate }, ref);
  const known = replyOfKnown(state);
  if (known === undefined) return await act(options, call, action);
  const digest = state.status === 'refused' ? state.body_digest : state.status === 'none' ? '' : state.interaction.body_digest;
  return digest === call.body_digest ? accepted(known) : refused('CHANNEL_INTERACTION_REUSED', 'the identity of this interaction was used for another one');
};

const answer = async (options: ReceiveOptions, call: Call): Promise<Result<HttpAnswer>> => {
  const { adapter, interaction, deadline_ms } = call;
  const reply = await replyTo(options, call);
  if (!reply.ok) return reply;
  const { action, message } = interaction;
  // Not waited for: whoever pressed is told without it.
  if (call.installed.status === 'enabled' && action.kind !== 'enrol' && message !== undefined) lookAtMessage(options, call, { token: action.token, message }).catch(() => undefined);
  return accepted(await adapter.reply(interaction, reply.value, deadline_ms));
};

const refusals: Readonly<Record<400 | 401, (reason: string) => Refusal>> = {
  400: (reason) => ({ code: 'REQUEST_BODY_INVALID', message: reason }),
  401: (reason) => ({ code: 'CHANNEL_CALLBACK_UNSIGNED', message: reason }),
};

/**
 * Takes what a platform sent to an installation: verified first, then authorised, recorded, and decided. The answer
 * comes by `deadline_ms`, whatever happens behind; a decision that is not known by then is told by its card.
 */
export const receiveCallback = async (options: ReceiveOptions, called: CalledInstallation, { call, deadline_ms }: { readonly call: InboundCall; readonly deadline_ms: number }): Promise<Result<HttpAnswer>> => {
  const received = await called.adapter.receive(call);
  if (received.kind === 'answered') return accepted(received.answer);
  if (received.kind === 'refused') return { ok: false, refusal: refusals[received.status](received.reason) };
  const { interaction } = received;
  const { channel } = called.installed;
  const ref = channelInteractionRef(options.eventing.digest, channel.tenant_context, { channel_id: channel.channel_id, interaction_key: interaction.interaction_key });
  return await answer(options, { ...called, interaction, ref, body_digest: options.digestOfBody(call.body), deadline_ms });
};

