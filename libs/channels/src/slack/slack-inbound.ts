import type { HttpAnswer, InboundCall, Interaction, Received } from '@cs/notification';
import type { z } from 'zod';
import { readButton, type ReadButton } from '../chat/button-data.js';
import { cleanLine, cleanText } from '../chat/chat-text.js';
import { isDecisionAction } from './slack-buttons.js';
import { SlackHandle } from './slack-handle.js';
import type { SlackInstallation } from './slack-identity.js';
import { reasonBlock, reasonCallback, reasonInput } from './slack-modal.js';
import { blockActionsSchema, commandSchema, eventSchema, typedSchema, viewSubmissionSchema, type BlockActions, type SlashCommand, type ViewSubmission } from './slack-payloads.schema.js';
import { slackSignatureProblem } from './slack-signature.js';

/** What an installation takes. */
export interface SlackInboundOptions extends SlackInstallation {
  readonly signingSecret: string;
  /** Whether the Events API may post here. */
  readonly eventsEnabled: boolean;
}

export const emptyAnswer: HttpAnswer = { status: 200, body: '' };
export const jsonAnswer = (value: unknown): HttpAnswer => ({ status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(value) });
/** A message that only who typed the command sees. */
export const ephemeral = (text: string): { readonly response_type: 'ephemeral'; readonly replace_original: false; readonly text: string } => ({ response_type: 'ephemeral', replace_original: false, text });

/** Verified, and nothing that decides: whoever pressed is told why, by an address of the platform. */
interface Told {
  readonly kind: 'told';
  readonly handle: SlackHandle;
  readonly text: string;
}
export type SlackReceived = Received | Told;

const ignored: Received = { kind: 'answered', answer: emptyAnswer };
const refused = (status: 400 | 401, reason: string): Received => ({ kind: 'refused', status, reason });
const unreadable = refused(400, 'the body is not what Slack sends');
const asReceived = (interaction: Interaction): Received => ({ kind: 'interaction', interaction });

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const decodeUtf8 = (body: Uint8Array): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
};

const userOf = (id: string, name: string | undefined): Interaction['user'] => ({ user_id: id, ...(name === undefined ? {} : { display_name: cleanLine(name) }) });

const isOf = (installation: SlackInstallation, team: string, app: string): boolean => installation.team_id === team && installation.api_app_id === app;
const elsewhere = refused(401, 'signed for another installation');
const outsider = refused(400, 'the person belongs to another workspace');

type Originated = z.infer<typeof blockActionsSchema> | z.infer<typeof viewSubmissionSchema>;

/** In a channel shared with another company people of both act; only those of the installation's workspace are known by their id. */
const originProblem = (installation: SlackInstallation, { team, api_app_id, user }: Originated): Received | undefined => {
  if (!isOf(installation, team.id, api_app_id)) return elsewhere;
  return user.team_id === undefined || user.team_id === installation.team_id ? undefined : outsider;
};

const messageOf = ({ container, message }: BlockActions): Pick<Interaction, 'message'> => {
  const { channel_id, message_ts } = container ?? {};
  return channel_id === undefined || message_ts === undefined ? {} : { message: { conversation: channel_id, message_id: message_ts, thread_id: message?.thread_ts ?? message_ts } };
};

const notOurs = 'This button is not one of ours. Nothing was decided.';

const readPress = (payload: BlockActions): SlackReceived => {
  const action = payload.actions.find(({ action_id }) => isDecisionAction(action_id));
  if (action === undefined) return ignored;
  const { user, trigger_id, response_url } = payload;
  const handle = new SlackHandle('action', { triggerId: trigger_id, responseUrl: response_url });
  const button: ReadButton = action.type === 'button' ? readButton(action.value ?? '') : { kind: 'unreadable', text: notOurs };
  if (button.kind === 'unreadable') return { kind: 'told', handle, text: button.text };
  return asReceived({
    interaction_key: `action:${action.action_ts}:${action.action_id}:${user.id}`, user: userOf(user.id, user.username ?? user.name), action: { kind: 'press', decision: button.decision, token: button.token },
    ...messageOf(payload), handle,
  });
};

const readReason = ({ view, user }: ViewSubmission): SlackReceived => {
  if (view.callback_id !== reasonCallback) return ignored;
  const button = readButton(view.private_metadata);
  if (button.kind === 'unreadable') return { kind: 'told', handle: new SlackHandle('view'), text: button.text };
  const reason = cleanText(view.state.values[reasonBlock]?.[reasonInput]?.value ?? '');
  if (reason === '') return { kind: 'answered', answer: jsonAnswer({ response_action: 'errors', errors: { [reasonBlock]: 'Say what has to change.' } }) };
  return asReceived({ interaction_key: `view:${view.id}`, user: userOf(user.id, user.username ?? user.name), action: { kind: 'reason', decision: button.decision, token: button.token, reason }, handle: new SlackHandle('view') });
};

const usage = jsonAnswer(ephemeral('Type `enrol` and the code from Countersign, e.g. `enrol ABCD2345`.'));

const readCommand = (installation: SlackInstallation, fields: SlashCommand): Received => {
  if (!isOf(installation, fields.team_id, fields.api_app_id)) return elsewhere;
  const [, code] = /^\s*enroll?\s+([a-z0-9]{8})\s*$/i.exec(fields.text) ?? [];
  if (code === undefined) return { kind: 'answered', answer: usage };
  return asReceived({
    interaction_key: `command:${fields.trigger_id}`, user: userOf(fields.user_id, fields.user_name), action: { kind: 'enrol', code: code.toUpperCase() },
    handle: new SlackHandle('command', { triggerId: fields.trigger_id, responseUrl: fields.response_url }),
  });
};

const readEvent = (options: SlackInboundOptions, body: unknown): Received => {
  if (!options.eventsEnabled) return refused(400, 'this installation takes no events');
  const event = eventSchema.safeParse(body);
  if (!event.success) return typedSchema.safeParse(body).success ? ignored : unreadable;
  if (event.data.type === 'url_verification') return { kind: 'answered', answer: jsonAnswer({ challenge: event.data.challenge }) };
  return isOf(options, event.data.team_id, event.data.api_app_id) ? ignored : elsewhere;
};

const readPayload = (options: SlackInboundOptions, payload: unknown): SlackReceived => {
  const typed = typedSchema.safeParse(payload);
  if (!typed.success) return unreadable;
  switch (typed.data.type) {
    case 'block_actions': {
      const read = blockActionsSchema.safeParse(payload);
      return read.success ? (originProblem(options, read.data) ?? readPress(read.data)) : unreadable;
    }
    case 'view_submission': {
      const read = viewSubmissionSchema.safeParse(payload);
      return read.success ? (originProblem(options, read.data) ?? readReason(read.data)) : unreadable;
    }
    default: return ignored;
  }
};

const readForm = (options: SlackInboundOptions, text: string): SlackReceived => {
  const fields = new URLSearchParams(text);
  const payload = fields.get('payload');
  if (payload !== null) return readPayload(options, parseJson(payload));
  if (fields.get('ssl_check') === '1') return ignored;
  const command = commandSchema.safeParse(Object.fromEntries(fields));
  return command.success ? readCommand(options, command.data) : unreadable;
};

/** Verifies a call, then says what it is. Nothing of the body is read before. */
export const receiveSlack = (options: SlackInboundOptions, call: InboundCall): SlackReceived => {
  const problem = slackSignatureProblem(options.signingSecret, call);
  if (problem !== undefined) return refused(401, problem);
  const text = decodeUtf8(call.body);
  if (text === undefined) return unreadable;
  return text.startsWith('{') ? readEvent(options, parseJson(text)) : readForm(options, text);
};
