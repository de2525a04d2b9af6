import { receiveSlack, type SlackInboundOptions } from './slack-inbound.js';
import { commandFields, commandForm, formOf, installation, pressPayload, signedCall, submitPayload, token } from './slack-inbound.fixture.js';

const receive = (body: string, change: Partial<SlackInboundOptions> = {}) => receiveSlack({ ...installation, ...change }, signedCall(body));
const ignored = { kind: 'answered', answer: { status: 200, body: '' } };

describe('Channels: what Slack posts', () => {
  it('a button that was pressed is an interaction, known by its time and its action', () => {
    expect(receive(formOf(pressPayload()))).toMatchObject({
      kind: 'interaction',
      interaction: {
        interaction_key: 'action:1800000000.000200:tdm:approve:U1', user: { user_id: 'U1', display_name: 'ada' }, action: { kind: 'press', decision: 'approve', token },
        message: { conversation: 'C1', message_id: '1800000000.000100', thread_id: '1800000000.000100' }, handle: { kind: 'action', triggerId: '1.2.abc', responseUrl: 'https://hooks.slack.com/actions/T1/2/3' },
      },
    });
    expect(receive(formOf(pressPayload({ message: { ts: '1800000000.000100', thread_ts: '1700000000.000001' } })))).toMatchObject({ interaction: { message: { thread_id: '1700000000.000001' } } });
  });

  it('the same press twice has one key; another press has another', () => {
    const key = (payload: unknown) => {
      const received = receive(formOf(payload));
      return received.kind === 'interaction' ? received.interaction.interaction_key : undefined;
    };
    expect(key(pressPayload({ trigger_id: 'another' }))).toBe(key(pressPayload()));
    expect(key(pressPayload({}, { action_ts: '1800000000.000201' }))).not.toBe(key(pressPayload()));
    expect(key(pressPayload({}, { action_id: 'tdm:cancel', value: `tdm:cancel:${token}` }))).not.toBe(key(pressPayload()));
  });

  it('Slack rework modal produces exactly one rework decision: the form is an interaction with its reason, known by the form', () => {
    const once = { kind: 'interaction', interaction: { interaction_key: 'view:V1', user: { user_id: 'U1' }, action: { kind: 'reason', decision: 'rework', token, reason: 'wrong amount' }, handle: { kind: 'view' } } };
    expect(receive(formOf(submitPayload()))).toMatchObject(once);
    expect(receive(formOf(submitPayload()))).toMatchObject(once);
  });

  it.each([[''], ['  \n '], [null], ['\u202e']])('a form without a reason (%j) is asked again, and is no interaction', (reason) => {
    const received = receive(formOf(submitPayload(reason)));
    expect(received.kind === 'answered' && JSON.parse(received.answer.body)).toEqual({ response_action: 'errors', errors: { reason_block: 'Say what has to change.' } });
  });

  it('a command with a code is an enrolment; any other is told how it goes', () => {
    for (const text of ['enrol ABCD2345', '  enroll abcd2345 ', 'ENROL ABCD2345']) {
      expect(receive(commandForm(commandFields({ text })))).toMatchObject({ kind: 'interaction', interaction: { interaction_key: 'command:3.4.def', action: { kind: 'enrol', code: 'ABCD2345' }, handle: { kind: 'command' } } });
    }
    for (const text of ['', 'help', 'enrol', 'enrol ABC', 'enrol ABCD23456', 'enrol ABCD-345']) {
      const received = receive(commandForm(commandFields({ text })));
      expect(received.kind === 'answered' && JSON.parse(received.answer.body)).toMatchObject({ response_type: 'ephemeral', text: expect.stringContaining('enrol') });
    }
  });

  it('url_verification is answered only where events are on', () => {
    const body = JSON.stringify({ type: 'url_verification', token: 'x', challenge: 'c-1' });
    expect(receive(body)).toMatchObject({ kind: 'refused', status: 400 });
    expect(receive(body, { eventsEnabled: true })).toMatchObject({ kind: 'answered', answer: { status: 200, body: '{"challenge":"c-1"}' } });
    expect(receiveSlack({ ...installation, eventsEnabled: true }, signedCall(body, 'another secret'))).toMatchObject({ kind: 'refused', status: 401 });
    expect(receive(JSON.stringify({ type: 'event_callback', team_id: 'T1', api_app_id: 'A1', event: { type: 'app_mention' } }), { eventsEnabled: true })).toEqual(ignored);
    expect(receive(JSON.stringify({ type: 'event_callback', team_id: 'T2', api_app_id: 'A1' }), { eventsEnabled: true })).toMatchObject({ kind: 'refused', status: 401 });
  });

  it.each([['message_action', { type: 'message_action' }], ['view_closed', { type: 'view_closed' }], ['a type of tomorrow', { type: 'hologram', api_app_id: 3 }], ['a form of somebody else', submitPayload('x', { callback_id: 'other' })], ['a link that was followed', pressPayload({}, { action_id: 'tdm:open', value: undefined })], ['a button of somebody else', pressPayload({}, { action_id: 'else' })]])('answers and ignores %s', (_what, payload) => {
    expect(receive(formOf(payload))).toEqual(ignored);
  });

  it('answers the check of the certificate', () => {
    expect(receive('ssl_check=1&token=x')).toEqual(ignored);
  });

  it('an interaction from another workspace or app cannot decide, although it is signed', () => {
    for (const change of [{ team: { id: 'T2' } }, { api_app_id: 'A2' }]) {
      expect(receive(formOf(pressPayload(change)))).toMatchObject({ kind: 'refused', status: 401, reason: 'signed for another installation' });
      expect(receive(formOf(submitPayload('x', {}, change)))).toMatchObject({ kind: 'refused', status: 401 });
    }
    expect(receive(commandForm(commandFields({ team_id: 'T2' })))).toMatchObject({ kind: 'refused', status: 401 });
    expect(receive(commandForm(commandFields({ api_app_id: 'A2' })))).toMatchObject({ kind: 'refused', status: 401 });
  });

  it('a guest of a shared channel, who belongs to another workspace, cannot decide', () => {
    const user = { id: 'U1', username: 'ada', team_id: 'T9' };
    expect(receive(formOf(pressPayload({ user })))).toMatchObject({ kind: 'refused', status: 400 });
    expect(receive(formOf(submitPayload('x', {}, { user })))).toMatchObject({ kind: 'refused', status: 400 });
  });

  it('installation secrets do not leak across installations: the secret of another one signs nothing here', () => {
    expect(receiveSlack(installation, signedCall(formOf(pressPayload()), 'the secret of another app'))).toMatchObject({ kind: 'refused', status: 401 });
    expect(JSON.stringify(receiveSlack(installation, signedCall('', 'x')))).not.toContain('signing secret of');
  });

  it.each([['no token', 'tdm:approve:'], ['a JSON value of earlier cards', '{"action_id":"approve"}'], ['a run and a node', 'tdm:approve:run-1:node'], ['a cut value', 'tdm:approve:0123456789abcdef~'], ['an unknown decision', `tdm:expired:${token}`]])('a button that carries %s decides nothing', (_what, value) => {
    expect(receive(formOf(pressPayload({}, { value })))).toMatchObject({ kind: 'told', handle: { kind: 'action', responseUrl: 'https://hooks.slack.com/actions/T1/2/3' }, text: expect.stringContaining('Nothing was decided.') });
    expect(receive(formOf(submitPayload('why', { private_metadata: value })))).toMatchObject({ kind: 'told', handle: { kind: 'view' }, text: expect.stringContaining('Nothing was decided.') });
  });

  it('a list that is named as a button decides nothing', () => {
    expect(receive(formOf(pressPayload({}, { type: 'static_select' })))).toMatchObject({ kind: 'told', text: 'This button is not one of ours. Nothing was decided.' });
  });

  it.each([['nothing', ''], ['no JSON', 'payload={'], ['JSON of no object', 'payload=[]'], ['no type', formOf({})], ['no actions', formOf(pressPayload({ actions: [] }))], ['no user', formOf(pressPayload({ user: undefined }))], ['no team', formOf(pressPayload({ team: null }))], ['half a command', 'command=%2Fcountersign'], ['an event that is no JSON', '{']])('refuses %s', (_what, body) => {
    expect(receive(body)).toMatchObject({ kind: 'refused', status: 400 });
  });

  it('refuses bytes that are no text', () => {
    expect(receiveSlack(installation, signedCall(new Uint8Array([0xff, 0xfe, 0x7b])))).toMatchObject({ kind: 'refused', status: 400 });
  });
});
