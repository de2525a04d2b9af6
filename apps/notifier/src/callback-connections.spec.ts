import { channelSettingsSchema, type Channel, type ChannelConnection } from '@cs/contracts';
import type { AdapterOutcome } from '@cs/notification';
import { CallbackConnections, connectPauseMs } from './callback-connections.js';

const channel: Channel = {
  channel_id: 'chat', kind: 'telegram', name: 'Chat', callback_id: '0123456789abcdef0123456789abcdef', settings: channelSettingsSchema.parse({ recipient: '-1001' }), secrets: {},
  tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, created_at_ms: 1, updated_at_ms: 1,
};
const callback_url = `https://countersign.example.com/channels/callbacks/${channel.callback_id}`;
const connected = { status: 'connected', callback_url };
const refused: AdapterOutcome = { kind: 'permanent', reason: 'Unauthorized' };
const busy: AdapterOutcome = { kind: 'transient', reason: 'Too Many Requests', retry_after_ms: 30_000 };
const sent: AdapterOutcome = { kind: 'sent' };

/** A platform that answers by the script and then takes every address, and a log that may be away. */
const world = (script: (AdapterOutcome | Promise<AdapterOutcome>)[], logFailures = 0) => {
  const told: string[] = [];
  const noted: Omit<ChannelConnection, 'since_ms'>[] = [];
  const problems: string[] = [];
  const pauses: number[] = [];
  let failuresLeft = logFailures;
  const connections = new CallbackConnections({
    publicUrl: 'https://countersign.example.com/', random: () => 0.5, onProblem: (_channel, problem) => problems.push(problem),
    note: (_channel, connection) => {
      failuresLeft -= 1;
      if (failuresLeft >= 0) return Promise.reject(new Error('the log is away'));
      noted.push(connection);
      return Promise.resolve();
    },
    pause: (ms, { aborted }) => {
      if (!aborted) pauses.push(ms);
      return new Promise(setImmediate);
    },
  });
  const connect = async (url: string): Promise<AdapterOutcome> => {
    told.push(url);
    return (await script.shift()) ?? sent;
  };
  return { connections, connect, told, noted, problems, pauses };
};

/** Everything that is under way, without a clock. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 60; turn += 1) await new Promise(setImmediate);
};

describe('telling platforms where to call back', () => {
  it('is done once when the platform takes it, and is noted', async () => {
    const { connections, connect, told, noted, problems } = world([]);
    await connections.use('chat', { channel, connect });
    await settle();
    expect([told, noted, problems]).toEqual([[callback_url], [connected], []]);
  });

  it('is no problem while the gateway does not listen yet: two failures are neither said nor noted', async () => {
    const { connections, connect, told, noted, problems, pauses } = world([refused, refused]);
    await connections.use('chat', { channel, connect });
    await settle();
    expect([told.length, noted, problems, pauses]).toEqual([3, [connected], [], [1_000, 2_000]]);
  });

  it('is said once when it fails for longer, noted with the reason, and done again until it works', async () => {
    const { connections, connect, noted, problems, pauses } = world([refused, refused, refused, refused, busy]);
    await connections.use('chat', { channel, connect });
    await settle();
    expect(problems).toEqual(['it is not called back: Unauthorized']);
    expect(noted).toEqual([...Array.from({ length: 2 }, () => ({ status: 'failed', callback_url, reason: 'Unauthorized' })), { status: 'failed', callback_url, reason: 'Too Many Requests' }, connected]);
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 30_000]);
  });

  it('is done again when the log was away, so that what came of it is noted', async () => {
    const { connections, connect, told, noted } = world([], 1);
    await connections.use('chat', { channel, connect });
    await settle();
    expect([told.length, noted]).toEqual([2, [connected]]);
  });

  it('ends for a channel that is another one now before it begins for that', async () => {
    let answer: (outcome: AdapterOutcome) => void = () => undefined;
    const { connections, connect, told, noted } = world([new Promise<AdapterOutcome>((resolve) => (answer = resolve))]);
    await connections.use('chat', { channel, connect });
    await settle();
    const changed = { ...channel, callback_id: 'f'.repeat(32) };
    const begun = connections.use('chat', { channel: changed, connect });
    await settle();
    expect(told).toHaveLength(1);
    answer(refused);
    await begun;
    await settle();
    expect(told.map((url) => url.slice(-4))).toEqual(['cdef', 'ffff']);
    expect(noted).toEqual([{ status: 'connected', callback_url: callback_url.replace(channel.callback_id, changed.callback_id) }]);
  });

  it('ends with its process, whatever the platform does', async () => {
    const { connections, connect, told } = world(Array.from({ length: 1_000 }, () => refused));
    await connections.use('chat', { channel, connect });
    await settle();
    await connections.stop();
    const before = told.length;
    await settle();
    expect(told.length).toBe(before);
  });

  it('waits longer from failure to failure, ten minutes at most, and not the same for everybody', () => {
    expect([1, 2, 11, 400].map((attempt) => connectPauseMs(attempt, { random: 0.5 }))).toEqual([1_000, 2_000, 600_000, 600_000]);
    expect([0, 0.999].map((random) => connectPauseMs(1, { random }))).toEqual([800, 1_200]);
    expect(connectPauseMs(1, { random: 0.5, retryAfterMs: 3_600_000 })).toBe(600_000);
  });
});
