import { seededRandom } from '@cs/testing/doubles';
import type { Received } from '@cs/notification';
import { createOutboundHttp } from '@cs/outbound-http';
import { SlackChannel } from './slack-channel.adapter.js';
import { commandFields, commandForm, formOf, installation, nowMs, pressPayload, signedCall, submitPayload, token } from './slack-inbound.fixture.js';

const rounds = Number(process.env['FUZZ_CALLBACKS'] ?? 2_000);
const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_127);
const random = seededRandom(seed);
const below = (bound: number): number => Math.floor(random() * bound);
const oneOf = <Value>(values: readonly Value[]): Value => values[below(values.length)] as Value;

const valid: readonly (() => string)[] = [
  () => formOf(pressPayload()), () => formOf(submitPayload()), () => commandForm(commandFields()), () => JSON.stringify({ type: 'url_verification', challenge: 'c' }), () => JSON.stringify({ type: 'event_callback', team_id: 'T1', api_app_id: 'A1' }),
];
const payloads: readonly (() => unknown)[] = [pressPayload, submitPayload, commandFields, () => ({ type: 'url_verification', challenge: 'c' })];
const oddValues: readonly (() => unknown)[] = [
  () => null, () => undefined, () => 0, () => -1, () => 1e308, () => true, () => '', () => [], () => ({}), () => 'x'.repeat(below(5_000)), () => '\ud800', () => '\u0000', () => '__proto__', () => ({ __proto__: null, toString: 'x' }),
  () => JSON.parse('{"__proto__":{"kind":"interaction"}}'), () => `tdm:${oneOf(['approve', 'rework', 'cancel', 'expired', ''])}:${token.slice(below(40))}`, () => [[[[]]]], () => ({ value: [] }), () => new Array(30).fill({}), () => 'T2', () => 'A2', () => 'block_actions', () => 'view_submission',
];

const isNode = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Changes, removes, adds, doubles or nests something, somewhere. */
const mutate = (value: unknown): unknown => {
  if (!isNode(value) || random() < 0.15) return oneOf(oddValues)();
  const names = Object.keys(value);
  const name = oneOf([...names, 'extra', '__proto__', 'constructor']);
  const copy: Record<string, unknown> = Array.isArray(value) ? ([...value] as unknown as Record<string, unknown>) : { ...value };
  const what = below(4);
  if (what === 0) delete copy[name];
  else if (what === 1) copy[name] = oneOf(oddValues)();
  else if (what === 2 && names.length > 0) copy[name] = value[oneOf(names)];
  else copy[name] = mutate(value[name]);
  return copy;
};

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const mutateBytes = (bytes: Uint8Array): Uint8Array => {
  const copy = [...bytes];
  for (let change = 0; change <= below(4); change += 1) {
    const at = below(copy.length + 1);
    const what = below(4);
    if (what === 0) copy.splice(at, 1 + below(8));
    else if (what === 1) copy.splice(at, 0, below(256));
    else if (what === 2) copy.splice(at, 0, ...copy.slice(at, at + below(64)));
    else copy[Math.min(at, copy.length - 1)] = below(256);
  }
  return Uint8Array.from(copy.map((byte) => byte ?? 0));
};

const body = (): Uint8Array => {
  const kind = below(3);
  if (kind === 0) return mutateBytes(bytesOf(oneOf(valid)()));
  const payload = mutate(kind === 1 ? oneOf(payloads)() : mutate(oneOf(payloads)()));
  const text = below(4) === 0 ? (JSON.stringify(payload) ?? '') : below(3) === 0 && isNode(payload) ? new URLSearchParams(Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, String(typeof value === 'object' ? JSON.stringify(value) : value)]))).toString() : formOf(payload);
  return bytesOf(text);
};

/** Breaks a signed call so that it is not one any more. */
const breaks: readonly ((call: ReturnType<typeof signedCall>) => ReturnType<typeof signedCall>)[] = [
  (call) => ({ ...call, headers: {} }),
  (call) => ({ ...call, headers: { ...call.headers, 'x-slack-signature': '' } }),
  (call) => ({ ...call, headers: { ...call.headers, 'x-slack-signature': `${call.headers['x-slack-signature']}0` } }),
  (call) => ({ ...call, headers: { ...call.headers, 'x-slack-signature': `v0=${'0'.repeat(64)}` } }),
  (call) => ({ ...call, headers: { ...call.headers, 'x-slack-request-timestamp': oneOf(['', 'x', '1', '-1', '9'.repeat(30), String(nowMs / 1000 + 1)]) } }),
  (call) => ({ ...call, body: Uint8Array.from([...call.body, 0x20]) }),
  (call) => ({ ...call, received_at_ms: nowMs + 301_000 + below(1e9) }),
  (call) => signedCall(call.body, 'another secret'),
];

const check = (received: Received, isSigned: boolean): void => {
  if (!isSigned) return expect(received).toMatchObject({ kind: 'refused', status: 401 });
  if (received.kind === 'answered') expect([200]).toContain(received.answer.status);
  if (received.kind !== 'interaction') return;
  const { action, interaction_key, user } = received.interaction;
  expect(interaction_key.length).toBeGreaterThan(0);
  expect(user.user_id.length).toBeGreaterThan(0);
  if (action.kind !== 'enrol') expect(action.token).toMatch(/^[0-9a-f]{16,64}$/);
  if (action.kind === 'reason') expect(action.reason.trim()).not.toBe('');
};

describe('Channels: fuzz of Slack', () => {
  it(`${rounds} mutated callbacks (seed ${seed}): nothing throws, and nothing that is not signed is an interaction`, async () => {
    const http = createOutboundHttp({ egressAllow: [] });
    const channels = [true, false].map((eventsEnabled) => new SlackChannel({ ...installation, eventsEnabled, http, botToken: 'x', now: () => nowMs }));
    const counts = { interaction: 0, answered: 0, refused: 0 };
    for (let round = 0; round < rounds; round += 1) {
      const signed = signedCall(body());
      const isSigned = random() < 0.6;
      const call = isSigned ? signed : oneOf(breaks)(random() < 0.5 ? signed : signedCall(oneOf(valid)()));
      const received = await oneOf(channels).receive(call);
      check(received, isSigned);
      counts[received.kind] += 1;
    }
    await http.close();
    console.info(`fuzz of Slack: seed ${seed}, ${JSON.stringify(counts)}`);
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(0);
  }, 600_000);
});
