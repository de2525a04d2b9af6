import {
  channelSecretsSchema, channelSettingsSchema, describeProblems, problemsOf, showChannel,
  type AggregateRef, type CallContext, type Channel, type ChannelCallbackEvent, type ChannelEvent, type ChannelRecord, type ChannelUser, type patchChannel, type PayloadOf, type Problem, type putChannel, type TenantContext,
} from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing, type IdSource } from '@cs/eventing';
import { accept, accepted, refused, type Json, type Result } from '@cs/kernel';
import { channelAggregate, channelCallbackAggregate, channelCallbackRef, channelRef } from './channel-aggregates.js';
import { decideChannel, type ChannelCommand, type ChannelRefusal } from './channel.decider.js';
import type { ChannelKind } from './channel-kind.port.js';
import { secretHostProblem } from './secret-host.js';
import { signingSecretProblems } from './signing-secret.js';
import { isInstalled, type ChannelState, type InstalledChannel } from './channel.state.js';

export interface ChannelOptions {
  readonly eventing: Eventing;
  readonly newId: IdSource;
  readonly kinds: readonly ChannelKind[];
  /** The secrets that a tenant may use, by name; only whether there is one is asked here. */
  readonly hasSecret: (tenant: TenantContext, name: string) => boolean;
  /** Whether the operator lets secrets be sent to a host that is not the platform's own. */
  readonly isHostAllowed: (host: string) => boolean;
  /** Whether workspaces beside the tenant's have channels, and may use the secret of this name too. */
  readonly isOpenToOthers: (tenant: TenantContext, name: string) => boolean;
}

export interface ChannelStored {
  readonly channel: ChannelRecord;
  readonly position: number;
}

type Stored = Result<ChannelStored>;
type Put = Pick<PayloadOf<typeof putChannel>, 'channel_id' | 'kind' | 'name' | 'settings' | 'secrets'>;

interface Checked {
  readonly put: Put;
  /** The secrets that the channel names so far. */
  readonly before?: Channel['secrets'] | undefined;
}

/** The tenant without the person who acts. */
export const boundaryOf = ({ org_id, workspace_id, deployment_id, source }: TenantContext): TenantContext => ({ org_id, workspace_id, source, ...(deployment_id === undefined ? {} : { deployment_id }) });

const notFound = (channel_id: string): Result<never> => refused('CHANNEL_NOT_FOUND', `there is no channel "${channel_id}"`, { channel_id });

const invalid = (problems: readonly Problem[]): Result<never> => refused('CHANNEL_INVALID', describeProblems(problems), { problems: problems as unknown as Json });

const secretProblems = ({ hasSecret }: ChannelOptions, { kind: { kind, secrets }, given, tenant }: { readonly kind: ChannelKind; readonly given: Channel['secrets']; readonly tenant: TenantContext }): readonly Problem[] => {
  const roles = new Set(secrets.map(({ role }) => role));
  const unknown = Object.keys(given).filter((role) => !roles.has(role)).map((role) => ({ path: `secrets.${role}`, code: 'unknown_secret', message: `${kind} takes ${roles.size === 0 ? 'no secrets' : [...roles].join(', ')}` }));
  const missing = secrets.filter(({ role, required }) => required && given[role] === undefined).map(({ role }) => ({ path: `secrets.${role}`, code: 'required', message: 'is needed' }));
  const absent = Object.entries(given).filter(([, name]) => !hasSecret(tenant, name)).map(([role, name]) => ({ path: `secrets.${role}`, code: 'no_such_secret', message: `the notifier has no COUNTERSIGN_CHANNEL_SECRET_${name} for this workspace` }));
  return [...unknown, ...missing, ...absent];
};

const problemsOfChannel = (options: ChannelOptions, { tenant }: CallContext, { put, before }: Checked): readonly Problem[] => {
  const kind = options.kinds.find((candidate) => candidate.kind === put.kind);
  if (kind === undefined) return [{ path: 'kind', code: 'kind_unavailable', message: `this installation offers ${options.kinds.map((offered) => offered.kind).join(', ')}` }];
  const settings = kind.check(put.settings).map((problem) => ({ ...problem, path: `settings.${problem.path}` }));
  const host = secretHostProblem(kind, put, options.isHostAllowed);
  const signing = signingSecretProblems(kind, { given: put.secrets, before }, (name) => options.isOpenToOthers(tenant, name));
  return [...settings, ...(host === undefined ? [] : [host]), ...secretProblems(options, { kind, given: put.secrets, tenant }), ...signing];
};

export const loadChannel = async ({ store }: Eventing, ref: AggregateRef): Promise<ChannelState> => (await loadAggregate({ store, aggregate: channelAggregate }, ref)).state;

/** The channel, if this tenant has it. */
export const findChannel = async (eventing: Eventing, { tenant }: Pick<CallContext, 'tenant'>, channel_id: string): Promise<Extract<InstalledChannel, { status: 'enabled' | 'disabled' }> | undefined> => {
  const state = await loadChannel(eventing, channelRef(tenant, channel_id));
  return isInstalled(state) && (state.channel.tenant_context.deployment_id ?? '') === (tenant.deployment_id ?? '') ? state : undefined;
};

export const commandChannel = async ({ eventing }: Pick<ChannelOptions, 'eventing'>, context: CallContext, { channel_id, command }: { readonly channel_id: string; readonly command: ChannelCommand }): Promise<Stored> => {
  const result = await executeCommand<ChannelState, ChannelEvent, ChannelRefusal>(channelRef(context.tenant, channel_id), {
    eventing, aggregate: channelAggregate, context: { actor: context.actor, causation_id: context.correlation_id }, decide: (state, at_ms) => decideChannel(command, state, at_ms),
  });
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', 'the channel is being changed by others');
  if (result.kind === 'refused') return { ok: false, refusal: result.refusal };
  const { state, position } = result.loaded;
  return state.status === 'none' ? notFound(channel_id) : accepted({ channel: showChannel(state), position });
};

/** Binds an address to its channel before the channel knows it: one that nobody was told leads nowhere. */
const bindCallback = async ({ eventing }: ChannelOptions, { tenant }: CallContext, { callback_id, channel_id }: { readonly callback_id: string; readonly channel_id: string }): Promise<void> => {
  const data: ChannelCallbackEvent['data'] = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, channel_id };
  await executeCommand(channelCallbackRef(callback_id), {
    eventing, aggregate: channelCallbackAggregate, context: {}, decide: (state) => (state === undefined ? accept({ event_type: 'channel_callback_bound', data } as const) : accept()),
  });
};

const checked = (options: ChannelOptions, context: CallContext, asked: Checked): Result<Put> => {
  const problems = problemsOfChannel(options, context, asked);
  return problems.length > 0 ? invalid(problems) : accepted(asked.put);
};

const configure = async (options: ChannelOptions, context: CallContext, { put, enabled, known }: { readonly put: Put; readonly enabled?: boolean | undefined; readonly known: InstalledChannel | undefined }): Promise<Stored> => {
  const callback_id = known?.channel.callback_id ?? options.eventing.digest(options.newId()).slice(0, 32);
  if (known === undefined) await bindCallback(options, context, { callback_id, channel_id: put.channel_id });
  return await commandChannel(options, context, {
    channel_id: put.channel_id, command: { kind: 'configure', channel: put, callback_id, enabled, changed_by: context.actor, tenant_context: boundaryOf(context.tenant) },
  });
};

/** Sets a channel up, or replaces what it is. */
export const configureChannel = async (options: ChannelOptions, context: CallContext, { channel_id, kind, name, settings, secrets }: PayloadOf<typeof putChannel>): Promise<Stored> => {
  const known = await findChannel(options.eventing, context, channel_id);
  const put = checked(options, context, { put: { channel_id, kind, name, settings, secrets }, before: known?.channel.secrets });
  return put.ok ? await configure(options, context, { put: put.value, known }) : put;
};

/** What stands there, with the members that are given; `null` takes one out. */
const merged = (before: object, change: object = {}): Record<string, unknown> =>
  Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value !== null && value !== undefined));

type Change = PayloadOf<typeof patchChannel>;

const changed = (options: ChannelOptions, context: CallContext, { known: { channel }, change: { channel_id, name = channel.name, settings, secrets } }: { readonly known: InstalledChannel; readonly change: Change }): Result<Put> => {
  const read = { settings: channelSettingsSchema.safeParse(merged(channel.settings, settings)), secrets: channelSecretsSchema.safeParse(merged(channel.secrets, secrets)) };
  if (!read.settings.success || !read.secrets.success) {
    const at = (member: string, problems: readonly Problem[]) => problems.map((problem) => ({ ...problem, path: problem.path === '' ? member : `${member}.${problem.path}` }));
    return invalid([...(read.settings.error === undefined ? [] : at('settings', problemsOf(read.settings.error))), ...(read.secrets.error === undefined ? [] : at('secrets', problemsOf(read.secrets.error)))]);
  }
  return checked(options, context, { put: { channel_id, kind: channel.kind, name, settings: read.settings.data, secrets: read.secrets.data }, before: channel.secrets });
};

/** Nothing is asked of a channel that is only switched off: what does not fit any more may be why. */
const switchesOff = ({ enabled, settings, secrets }: Change): boolean => enabled === false && settings === undefined && secrets === undefined;

/** Changes what is given. */
export const changeChannel = async (options: ChannelOptions, context: CallContext, change: Change): Promise<Stored> => {
  const { channel_id, enabled } = change;
  const known = await findChannel(options.eventing, context, channel_id);
  if (known === undefined) return notFound(channel_id);
  const { kind, name, settings, secrets } = known.channel;
  const put = switchesOff(change) ? accepted({ channel_id, kind, name: change.name ?? name, settings, secrets }) : changed(options, context, { known, change });
  return put.ok ? await configure(options, context, { put: put.value, enabled, known }) : put;
};

export const removeChannel = (options: ChannelOptions, context: CallContext, channel_id: string): Promise<Stored> =>
  commandChannel(options, context, { channel_id, command: { kind: 'remove', changed_by: context.actor, tenant_context: boundaryOf(context.tenant) } });

/** Grants a user of the channel a tier, or takes the grant back. */
export const changeUser = (options: ChannelOptions, context: CallContext, { channel_id, user }: { readonly channel_id: string; readonly user: ChannelUser }): Promise<Stored> =>
  commandChannel(options, context, { channel_id, command: { kind: 'change_user', user, changed_by: context.actor, tenant_context: boundaryOf(context.tenant) } });

