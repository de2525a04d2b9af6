import { channelSettingsSchema, type CallContext } from '@cs/contracts';
import type { ChannelKind } from './channel-kind.port.js';
import { changeChannel, changeUser, configureChannel } from './configure-channel.command-handlers.js';
import { NotificationLog, tenant } from './notification.fixture.js';
import { ScriptedPlatform } from './sending.fixture.js';

const kind: ChannelKind = {
  kind: 'slack', secrets: [{ role: 'bot_token', required: true }], check: () => [], create: () => new ScriptedPlatform(),
  sendsSecretsTo: ({ settings: { base_url } }) => (base_url === undefined ? undefined : { path: 'base_url', host: new URL(base_url).hostname }),
};
const context: CallContext = { tenant: { ...tenant, source: 'explicit' }, actor: { kind: 'human', actor_id: 'mona' }, correlation_id: 'c' };
const putOf = (base_url?: string) => ({
  channel_id: 'chat', kind: 'slack' as const, name: 'Chat', secrets: { bot_token: 'SHARED' }, settings: channelSettingsSchema.parse({ recipient: 'C1', ...(base_url === undefined ? {} : { base_url }) }),
});

describe('setting up a channel', () => {
  it('does not let a secret be sent to a host that the operator does not allow', async () => {
    const { eventing } = new NotificationLog();
    const options = { eventing, newId: () => 'id', kinds: [kind], hasSecret: () => true, isHostAllowed: (host: string) => host === 'bots.example.com', isOpenToOthers: () => false };
    const refused = {
      ok: false, refusal: { code: 'CHANNEL_INVALID', details: { problems: [{ path: 'settings.base_url', code: 'host_not_allowed', message: expect.stringContaining('COUNTERSIGN_CHANNEL_HOSTS') }] } },
    };
    expect(await configureChannel(options, context, putOf('https://evil.example/api'))).toMatchObject(refused);
    expect(await configureChannel(options, context, putOf())).toMatchObject({ ok: true });
    expect(await changeChannel(options, context, { channel_id: 'chat', settings: { base_url: 'https://evil.example' } })).toMatchObject(refused);
    expect(await changeChannel(options, context, { channel_id: 'chat', settings: { base_url: 'https://bots.example.com' } })).toMatchObject({ ok: true });
  });

  it('does not let a secret that other workspaces may name too sign what goes to an address of its choice, and leaves alone what signs already', async () => {
    const { eventing } = new NotificationLog();
    const hook: ChannelKind = { kind: 'webhook', secrets: [{ role: 'signing_secret', required: true }], signsWith: ['signing_secret'], check: () => [], create: () => new ScriptedPlatform() };
    const open = new Set<string>();
    const options = { eventing, newId: () => 'id', kinds: [kind, hook], hasSecret: () => true, isHostAllowed: () => true, isOpenToOthers: (_tenant: unknown, name: string) => open.has(name) };
    const put = (channel_id: string, signing_secret: string) => configureChannel(options, context, { ...putOf(), channel_id, kind: 'webhook', secrets: { signing_secret } });
    const refused = { ok: false, refusal: { code: 'CHANNEL_INVALID', details: { problems: [{ path: 'secrets.signing_secret', code: 'secret_not_bound', message: expect.stringContaining('COUNTERSIGN_CHANNEL_SECRET_DESK_FOR') }] } } };
    expect(await put('hook', 'DESK')).toMatchObject({ ok: true });
    open.add('DESK');
    expect(await put('other', 'DESK')).toMatchObject(refused);
    expect(await put('other', 'BOUND')).toMatchObject({ ok: true });
    expect(await changeChannel(options, context, { channel_id: 'other', secrets: { signing_secret: 'DESK' } })).toMatchObject(refused);
    expect(await changeChannel(options, context, { channel_id: 'hook', name: 'Ours' })).toMatchObject({ ok: true });
    expect(await put('hook', 'DESK')).toMatchObject({ ok: true });
    // A channel that signs nothing may name it: where it is sent is limited otherwise.
    expect(await configureChannel(options, context, { ...putOf(), secrets: { bot_token: 'DESK' } })).toMatchObject({ ok: true });
  });

  it('can be switched off when what it needs is not there any more, and on only when it is', async () => {
    const { eventing } = new NotificationLog();
    const known = new Set(['SHARED']);
    const options = { eventing, newId: () => 'id', kinds: [kind], hasSecret: (_tenant: unknown, name: string) => known.has(name), isHostAllowed: () => true, isOpenToOthers: () => false };
    await configureChannel(options, context, putOf());
    known.clear();
    expect(await changeChannel(options, context, { channel_id: 'chat', name: 'Other' })).toMatchObject({ ok: false, refusal: { code: 'CHANNEL_INVALID', details: { problems: [{ path: 'secrets.bot_token', code: 'no_such_secret' }] } } });
    expect(await changeChannel(options, context, { channel_id: 'chat', enabled: false, name: 'Off' })).toMatchObject({ ok: true, value: { channel: { status: 'disabled', name: 'Off', settings: { recipient: 'C1' } } } });
    expect(await changeChannel(options, context, { channel_id: 'chat', enabled: true })).toMatchObject({ ok: false, refusal: { code: 'CHANNEL_INVALID' } });
    expect(await changeChannel(options, context, { channel_id: 'chat', enabled: false, settings: { recipient: 'C2' } })).toMatchObject({ ok: false, refusal: { code: 'CHANNEL_INVALID' } });
    known.add('SHARED');
    expect(await changeChannel(options, context, { channel_id: 'chat', enabled: true })).toMatchObject({ ok: true, value: { channel: { status: 'enabled' } } });
  });

  it('takes from an administrator whose a mailbox is, and of no user of a chat who they are', async () => {
    const { eventing } = new NotificationLog();
    const mail: ChannelKind = { kind: 'email', secrets: [], check: () => [], create: () => new ScriptedPlatform() };
    const options = { eventing, newId: () => 'id', kinds: [kind, mail], hasSecret: () => true, isHostAllowed: () => true, isOpenToOthers: () => false };
    await configureChannel(options, context, putOf());
    await configureChannel(options, context, { ...putOf(), channel_id: 'mail', kind: 'email', secrets: {} });
    const change = (channel_id: string, person?: string) => changeUser(options, context, { channel_id, user: { user_id: 'ada@example.com', departments: [], ...(person === undefined ? {} : { person }) } });
    expect(await change('chat', 'ada')).toMatchObject({ ok: false, refusal: { code: 'CHANNEL_PERSON_BY_CODE' } });
    expect(await change('mail', 'ada')).toMatchObject({ ok: true, value: { channel: { users: [{ user_id: 'ada@example.com', person: 'ada' }] } } });
    expect(await change('mail')).toMatchObject({ ok: true, value: { channel: { users: [{ person: 'ada' }] } } });
    expect(await change('mail', 'eve')).toMatchObject({ ok: true, value: { channel: { users: [{ person: 'eve' }] } } });
  });
});
