import type { InboundCall } from '@cs/notification';
import { slackHeaders } from '@cs/testing/doubles';
import type { SlackInboundOptions } from './slack-inbound.js';

export const token = '0123456789abcdef0123456789abcdef';
export const nowMs = 1_800_000_000_000;
export const installation: SlackInboundOptions = { team_id: 'T1', api_app_id: 'A1', signingSecret: 'the signing secret', eventsEnabled: false };

const origin = { api_app_id: 'A1', team: { id: 'T1', domain: 'acme' }, user: { id: 'U1', username: 'ada', name: 'ada', team_id: 'T1' }, trigger_id: '1.2.abc' };

export const pressPayload = (change: Readonly<Record<string, unknown>> = {}, action: Readonly<Record<string, unknown>> = {}) => ({
  type: 'block_actions', ...origin, container: { type: 'message', message_ts: '1800000000.000100', channel_id: 'C1' }, message: { ts: '1800000000.000100', text: 'x' }, response_url: 'https://hooks.slack.com/actions/T1/2/3',
  actions: [{ type: 'button', action_id: 'tdm:approve', block_id: 'b', value: `tdm:approve:${token}`, action_ts: '1800000000.000200', ...action }], ...change,
});

export const submitPayload = (reason: string | null = 'wrong amount', view: Readonly<Record<string, unknown>> = {}, change: Readonly<Record<string, unknown>> = {}) => ({
  type: 'view_submission', ...origin,
  view: { id: 'V1', callback_id: 'tandem_rework_v1', private_metadata: `tdm:rework:${token}`, state: { values: { reason_block: { reason_input: { type: 'plain_text_input', value: reason } } } }, ...view }, ...change,
});

export const commandFields = (change: Readonly<Record<string, string>> = {}) => ({
  token: 'x', team_id: 'T1', api_app_id: 'A1', user_id: 'U1', user_name: 'ada', command: '/countersign', text: 'enrol ABCD2345', trigger_id: '3.4.def', response_url: 'https://hooks.slack.com/commands/1', ...change,
});

export const formOf = (payload: unknown): string => new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
export const commandForm = (fields: Readonly<Record<string, string>>): string => new URLSearchParams(fields).toString();

/** A call with this body, signed with the secret of the installation, or another one. */
export const signedCall = (body: string | Uint8Array, secret = installation.signingSecret, atMs = nowMs): InboundCall => {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  return { headers: slackHeaders(secret, bytes, atMs), body: bytes, received_at_ms: nowMs };
};
