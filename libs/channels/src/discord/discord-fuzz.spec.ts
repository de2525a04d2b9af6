import { createOutboundHttp } from '@cs/outbound-http';
import { DiscordDouble } from '@cs/testing/doubles';
import { fuzzCallbacks, nowMs } from '../chat/fuzz.fixture.js';
import { DiscordChannel } from './discord-channel.adapter.js';

const token = '0123456789abcdef0123456789abcdef';
const [double, another] = [new DiscordDouble(), new DiscordDouble()];
const http = createOutboundHttp({ egressAllow: [] });
const timestamp = String(nowMs / 1000);
const from = { id: '9001', application_id: double.applicationId, token: 't', version: 1, guild_id: '3001', channel_id: '1100', member: { user: { id: '2001', username: 'ada', global_name: 'Ada' }, roles: [] } };
const message = { id: '9000', channel_id: '1100' };
const call = (body: Buffer, headers: Readonly<Record<string, string>>) => ({ body, headers, received_at_ms: nowMs });

describe('Channels: fuzz of Discord', () => {
  afterAll(() => http.close());
  fuzzCallbacks({
    platform: 'Discord',
    channel: new DiscordChannel({ http, botToken: double.botToken, applicationId: double.applicationId, publicKey: double.publicKey, now: () => nowMs }),
    valid: [
      { ...from, type: 3, message, data: { component_type: 2, custom_id: `tdm:approve:${token}` } },
      { ...from, type: 5, message, data: { custom_id: `tdm-modal:rework:${token}`, components: [{ type: 1, components: [{ type: 4, custom_id: 'reason', value: 'why' }] }] } },
      { ...from, type: 2, data: { id: '1', name: 'enrol', options: [{ name: 'code', type: 3, value: 'AB12CD34' }] } },
      { id: '9001', application_id: double.applicationId, type: 1 },
      { ...from, type: 3, message, data: { component_type: 2, custom_id: 'tdm:approve:run:node' } },
    ],
    signed: (body) => call(body, double.signed(body, timestamp)),
    breaks: [
      ({ body }) => call(Buffer.from(body), {}),
      ({ body, headers }) => call(Buffer.from(body), { ...headers, 'x-signature-ed25519': '' }),
      ({ body, headers }) => call(Buffer.from(body), { ...headers, 'x-signature-ed25519': '0'.repeat(128) }),
      ({ body, headers }) => call(Buffer.from(body), { ...headers, 'x-signature-ed25519': `${headers['x-signature-ed25519']}0` }),
      ({ body, headers }, mutations) => call(Buffer.from(body), { ...headers, 'x-signature-timestamp': mutations.oneOf(['', 'x', '1', '-1', '9'.repeat(30), String(nowMs / 1000 + 1)]) }),
      ({ body, headers }) => call(Buffer.concat([body, Buffer.from(' ')]), headers),
      ({ body }) => call(Buffer.from(body), another.signed(Buffer.from(body), timestamp)),
      ({ body, headers }, mutations) => ({ body, headers, received_at_ms: nowMs + 301_000 + mutations.below(1e9) }),
    ],
  });
});
