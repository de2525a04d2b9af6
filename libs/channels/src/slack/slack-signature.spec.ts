import { createHmac } from 'node:crypto';
import { slackSignatureProblem } from './slack-signature.js';

const secret = '8f742231b10e8888abcd99yyyzzz85a5';
const nowMs = 1_531_420_618_000;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const signed = (body: string, timestamp: string, key = secret) => ({ 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${createHmac('sha256', key).update(`v0:${timestamp}:${body}`).digest('hex')}` });
const problem = (headers: Record<string, string>, body = 'a=1', key = secret) => slackSignatureProblem(key, { headers, body: bytes(body), received_at_ms: nowMs });
const at = (offsetS: number): string => String(nowMs / 1000 + offsetS);

describe('Channels: signature suite of Slack', () => {
  it('takes the example of Slack’s documentation', () => {
    const body = 'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
    expect(problem({ 'x-slack-request-timestamp': '1531420618', 'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503' }, body)).toBeUndefined();
  });

  it('valid: signed now', () => {
    expect(problem(signed('a=1', at(0)))).toBeUndefined();
  });

  it.each([['both headers', {}], ['the signature', { 'x-slack-request-timestamp': at(0) }], ['the timestamp', { 'x-slack-signature': signed('a=1', at(0))['x-slack-signature'] }]])('missing: %s', (_what, headers) => {
    expect(problem(headers)).toContain('missing');
  });

  it.each([['another version', (mac: string) => mac.replace('v0=', 'v1=')], ['no version', (mac: string) => mac.slice(3)], ['no hexadecimal digits', () => `v0=${'z'.repeat(64)}`], ['too short', (mac: string) => mac.slice(0, -2)], ['too long', (mac: string) => `${mac}00`], ['upper case', (mac: string) => mac.toUpperCase()], ['a line feed behind', (mac: string) => `${mac}\n`], ['empty', () => '']])('malformed: %s', (_what, change) => {
    const headers = signed('a=1', at(0));
    expect(problem({ ...headers, 'x-slack-signature': change(headers['x-slack-signature']) })).toContain('X-Slack-Signature');
  });

  it('forged, by another secret, or of a changed body or timestamp', () => {
    const headers = signed('a=1', at(0));
    expect(problem({ ...headers, 'x-slack-signature': `v0=${'0'.repeat(64)}` })).toContain('not of this body');
    expect(problem(signed('a=1', at(0), 'another secret'))).toContain('not of this body');
    expect(problem(headers, 'a=2')).toContain('not of this body');
    expect(problem({ ...headers, 'x-slack-request-timestamp': at(1) })).toContain('not of this body');
  });

  it.each([[-300, undefined], [300, undefined], [-301, 'old or early'], [301, 'old or early']])('boundary second accepted, the next one refused: %i s', (offset, expected) => {
    const found = problem(signed('a=1', at(offset)));
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(expected);
  });

  it.each(['', ' ', '-1', '1e9', '0x10', '12.5', 'NaN', '9'.repeat(13), '9'.repeat(400), '١٢٣', `${nowMs / 1000} `])('extreme timestamp: %j', (timestamp) => {
    expect(problem(signed('a=1', timestamp))).toContain('X-Slack-Request-Timestamp');
  });

  it('empty secret: nothing is verified with it', () => {
    expect(problem(signed('a=1', at(0), ''), 'a=1', '')).toContain('no signing secret');
  });
});
