import { slackKind } from '@cs/channels';
import { channelSettingsSchema, type Channel } from '@cs/contracts';
import { executeCommand, InMemoryEventStore, type Eventing } from '@cs/eventing';
import { accept } from '@cs/kernel';
import { channelAggregate, channelRef } from '@cs/notification';
import { createOutboundHttp, createOutboundSockets } from '@cs/outbound-http';
import { fixedClock, sha256 } from '@cs/testing';
import { CallbackConnections } from './callback-connections.js';
import { hostsOf } from './channel-hosts.js';
import { ChannelSecrets } from './channel-secrets.js';
import { Installations } from './installations.js';

const tenant = { org_id: 'acme', workspace_id: 'ops' };
const http = createOutboundHttp({ egressAllow: [] });
afterAll(() => http.close());

const channelAt = (base_url?: string): Channel => ({
  channel_id: 'chat', kind: 'slack', name: 'Chat', callback_id: '0'.repeat(32), settings: channelSettingsSchema.parse({ recipient: 'C1', options: { team_id: 'T1', app_id: 'A1' }, ...(base_url === undefined ? {} : { base_url }) }),
  secrets: { bot_token: 'TOKEN', signing_secret: 'TOKEN' }, tenant_context: { ...tenant, source: 'explicit' }, created_at_ms: 1, updated_at_ms: 1,
});

/** What becomes of a channel that stands in the log. */
const opened = async (channel: Channel, hosts: readonly string[]) => {
  const eventing: Eventing = { store: new InMemoryEventStore(), clock: fixedClock(), digest: sha256 };
  const ref = channelRef(tenant, 'chat');
  await executeCommand(ref, { eventing, aggregate: channelAggregate, context: {}, decide: () => accept({ event_type: 'channel_configured', data: { channel, changed_by: { kind: 'human' } } } as const) });
  const problems: string[] = [];
  const onProblem = (_channel: Channel, problem: string) => problems.push(problem);
  const installations = new Installations({
    eventing, secrets: new ChannelSecrets({ COUNTERSIGN_CHANNEL_SECRET_TOKEN: 'xoxb-1' }), isHostAllowed: hostsOf(hosts), onProblem,
    kinds: [slackKind({ http, sockets: createOutboundSockets({ egressAllow: [] }), now: () => 0, publicUrl: 'https://sign.example' })], onChanged: () => Promise.resolve(),
    connections: new CallbackConnections({ publicUrl: 'https://sign.example', random: () => 0, onProblem, note: () => Promise.resolve(), pause: () => Promise.resolve() }),
  });
  await installations.refresh(ref);
  const isOpen = (await installations.current(tenant, 'chat')) !== undefined;
  await installations.close();
  return { isOpen, problems };
};

describe('an installation', () => {
  it('is not used, and a person is told, when its secrets would go to a host that the operator does not allow', async () => {
    expect(await opened(channelAt('https://evil.example/api'), ['bots.example.com'])).toEqual({ isOpen: false, problems: ['secrets are not sent to evil.example unless COUNTERSIGN_CHANNEL_HOSTS of the notifier names it'] });
    expect(await opened(channelAt('https://bots.example.com/api'), ['bots.example.com'])).toEqual({ isOpen: true, problems: [] });
    expect(await opened(channelAt(), [])).toEqual({ isOpen: true, problems: [] });
  });
});
