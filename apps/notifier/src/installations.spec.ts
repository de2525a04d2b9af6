import { slackKind } from '@cs/channels';
import { channelSettingsSchema, type Channel } from '@cs/contracts';
import { executeCommand, InMemoryEventStore, type Eventing } from '@cs/eventing';
import { accept } from '@cs/kernel';
import { channelAggregate, channelRef, type ChannelKind, type Outgoing } from '@cs/notification';
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

/** A log of channels, with a platform that keeps what it signed for whom. */
class Signing {
  readonly eventing: Eventing = { store: new InMemoryEventStore(), clock: fixedClock(), digest: sha256 };
  readonly problems: string[] = [];
  readonly signed: string[] = [];
  readonly #kind: ChannelKind = {
    kind: 'webhook', secrets: [{ role: 'signing_secret', required: true }], signsWith: ['signing_secret'], check: () => [],
    create: ({ channel: { tenant_context }, secrets }) => ({ deliver: () => {
      this.signed.push(`${tenant_context.workspace_id} with ${secrets['signing_secret']}`);
      return Promise.resolve({ kind: 'sent' });
    } }),
  };
  readonly installations: Installations;

  constructor(environment: Readonly<Record<string, string>>) {
    const onProblem = (channel: Channel, problem: string) => this.problems.push(`${channel.tenant_context.workspace_id}: ${problem}`);
    this.installations = new Installations({
      eventing: this.eventing, secrets: new ChannelSecrets(environment), isHostAllowed: () => false, onProblem, onChanged: () => Promise.resolve(),
      kinds: [this.#kind, slackKind({ http, sockets: createOutboundSockets({ egressAllow: [] }), now: () => 0, publicUrl: 'https://sign.example' })],
      connections: new CallbackConnections({ publicUrl: 'https://sign.example', random: () => 0, onProblem, note: () => Promise.resolve(), pause: () => Promise.resolve() }),
    });
  }

  async has(workspace_id: string, change: Partial<Channel>): Promise<void> {
    const ref = channelRef({ org_id: 'acme', workspace_id }, 'chat');
    const channel: Channel = { ...channelAt(), tenant_context: { org_id: 'acme', workspace_id, source: 'explicit' }, ...change };
    await executeCommand(ref, { eventing: this.eventing, aggregate: channelAggregate, context: {}, decide: () => accept({ event_type: 'channel_configured', data: { channel, changed_by: { kind: 'human' } } } as const) });
    await this.installations.refresh(ref);
  }

  async tell(workspace_id: string): Promise<unknown> {
    return (await this.installations.current({ org_id: 'acme', workspace_id }, 'chat'))?.adapter.deliver({} as Outgoing);
  }
}

describe('a secret that signs', () => {
  const hook = (signing_secret: string): Partial<Channel> => ({ kind: 'webhook', secrets: { signing_secret } });
  const secrets = { COUNTERSIGN_CHANNEL_SECRET_DESK: 'k1', COUNTERSIGN_CHANNEL_SECRET_OWN: 'k2', COUNTERSIGN_CHANNEL_SECRET_BOTH: 'k3', COUNTERSIGN_CHANNEL_SECRET_BOTH_FOR: 'acme/ops,acme/dev' };

  it('signs for one workspace, also while others have channels that sign with another one, or do not sign', async () => {
    const world = new Signing(secrets);
    expect(world.installations.hasOthers({ org_id: 'acme', workspace_id: 'ops' })).toBe(false);
    await world.has('ops', hook('DESK'));
    await world.tell('without-channels');
    expect(world.installations.hasOthers({ org_id: 'acme', workspace_id: 'ops' })).toBe(false);
    await world.has('dev', hook('OWN'));
    await world.has('chats', { secrets: { bot_token: 'DESK', signing_secret: 'DESK' } });
    expect(world.installations.hasOthers({ org_id: 'acme', workspace_id: 'ops' })).toBe(true);
    for (const workspace of ['ops', 'dev']) expect(await world.tell(workspace)).toEqual({ kind: 'sent' });
    expect(world.signed).toEqual(['ops with k1', 'dev with k2']);
  });

  it('signs for nobody while webhooks of two workspaces name it, whichever was there first, unless the operator gave it to both', async () => {
    const world = new Signing(secrets);
    await world.has('ops', hook('DESK'));
    await world.has('dev', hook('DESK'));
    const refused = { kind: 'transient', not_posted: true, reason: expect.stringContaining('COUNTERSIGN_CHANNEL_SECRET_DESK_FOR') };
    for (const workspace of ['ops', 'dev']) expect(await world.tell(workspace)).toEqual(refused);
    expect(world.problems).toEqual([expect.stringMatching(/^ops: COUNTERSIGN_CHANNEL_SECRET_DESK_FOR/), expect.stringMatching(/^dev: /)]);
    for (const workspace of ['ops', 'dev']) await world.has(workspace, hook('BOTH'));
    for (const workspace of ['ops', 'dev']) expect(await world.tell(workspace)).toEqual({ kind: 'sent' });
    expect(world.signed).toEqual(['ops with k3', 'dev with k3']);
  });
});
