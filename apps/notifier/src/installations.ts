import type { AggregateRef, Channel, TenantContext } from '@cs/contracts';
import { loadAggregate, type Eventing } from '@cs/eventing';
import { canonicalJson, type Json } from '@cs/kernel';
import { channelAggregate, channelRef, isInstalled, isInteractive, secretHostProblem, signingSecretsOf, unboundSecret, type ChannelAdapter, type ChannelDirectory, type ChannelKind, type InstalledChannel, type InteractiveChannel, type Pace } from '@cs/notification';
import { CallPace } from './call-pace.js';
import type { CallbackConnections } from './callback-connections.js';
import type { ChannelSecrets } from './channel-secrets.js';

/** An installation with its adapter, and how often that may be called. Only one that is enabled is told things. */
export interface OpenInstallation {
  readonly installed: InstalledChannel;
  readonly adapter: ChannelAdapter | InteractiveChannel;
  readonly pace: Pace;
}

export interface InstallationsOptions {
  readonly eventing: Eventing;
  readonly kinds: readonly ChannelKind[];
  readonly secrets: ChannelSecrets;
  /** Whether secrets may be sent to a host that is not the platform's own. */
  readonly isHostAllowed: (host: string) => boolean;
  /** An installation is there, or is another than before. `opened`: it is enabled and can be told things. */
  readonly onChanged: (ref: AggregateRef, changed: { readonly status: InstalledChannel['status']; readonly opened: OpenInstallation | undefined }) => Promise<void>;
  readonly connections: CallbackConnections;
  /** Why an installation cannot be told anything. */
  readonly onProblem: (channel: Channel, problem: string) => void;
}

type Workspace = Pick<AggregateRef, 'org_id' | 'workspace_id'>;

interface Known {
  readonly fingerprint: string;
  readonly position: number;
  readonly opened: OpenInstallation | undefined;
  readonly installed: InstalledChannel;
}

const workspaceKey = ({ org_id, workspace_id }: Workspace): string => `${org_id}/${workspace_id}`;

/** What an adapter is made of; users are not part of it. */
const fingerprintOf = ({ status, channel }: InstalledChannel): string => canonicalJson({ status, ...channel, updated_at_ms: 0 } as unknown as Json);

/** The installations of every workspace, as the log has them, and their adapters. */
export class Installations implements ChannelDirectory {
  readonly #options: InstallationsOptions;
  readonly #workspaces = new Map<string, Map<string, Known>>();

  constructor(options: InstallationsOptions) {
    this.#options = options;
  }

  channelsOf(tenant: Workspace): readonly InstalledChannel[] {
    return [...(this.#workspaces.get(workspaceKey(tenant))?.values() ?? [])].map(({ installed }) => installed).filter(isInstalled);
  }

  /** The workspaces that have channels which are told things. */
  tenants(): readonly TenantContext[] {
    const enabled = [...this.#workspaces.values()].flatMap((workspace) => [...workspace.values()]).filter(({ installed }) => installed.status === 'enabled').map(({ installed: { channel } }) => channel.tenant_context);
    return [...new Map(enabled.map((tenant) => [`${workspaceKey(tenant)}/${tenant.deployment_id ?? ''}`, tenant])).values()];
  }

  /** Whether another workspace than this one has channels, or had some. */
  hasOthers(tenant: Workspace): boolean {
    return [...this.#workspaces].some(([key, channels]) => key !== workspaceKey(tenant) && channels.size > 0);
  }

  /** The installation as it is in the log now, also a disabled or removed one; `undefined` when it is none, or cannot be opened. */
  async current(tenant: Workspace, channel_id: string): Promise<OpenInstallation | undefined> {
    const ref = channelRef(tenant, channel_id);
    // Not waited for: what the old adapter is still doing is not the caller's business.
    void (await this.#read(ref))?.replaced;
    return this.#workspaces.get(workspaceKey(tenant))?.get(channel_id)?.opened;
  }

  /** Reads an installation again; its adapter is made anew when it is another one. */
  async refresh(ref: AggregateRef): Promise<void> {
    await (await this.#read(ref))?.replaced;
  }

  /** What is read later and stands earlier in the log is left out. */
  // eslint-disable-next-line complexity -- one decision about one reading
  async #read(ref: AggregateRef): Promise<{ readonly replaced: Promise<void> } | undefined> {
    const { state, position } = await loadAggregate({ store: this.#options.eventing.store, aggregate: channelAggregate }, ref);
    const workspace = this.#workspaces.get(workspaceKey(ref)) ?? new Map<string, Known>();
    this.#workspaces.set(workspaceKey(ref), workspace);
    const before = workspace.get(ref.id);
    if (before !== undefined && before.position >= position) return undefined;
    if (state.status === 'none') return undefined;
    const fingerprint = fingerprintOf(state);
    const isSame = before?.fingerprint === fingerprint;
    const opened = isSame ? before.opened && { ...before.opened, installed: state } : this.#open(state);
    workspace.set(ref.id, { fingerprint, position, installed: state, opened });
    return isSame ? undefined : { replaced: this.#replace(ref, before, { installed: state, opened }) };
  }

  async close(): Promise<void> {
    const all = [...this.#workspaces.values()].flatMap((workspace) => [...workspace.values()]);
    this.#workspaces.clear();
    await this.#options.connections.stop();
    await Promise.all(all.map(({ opened }) => opened?.adapter.close?.()));
  }

  async #replace(ref: AggregateRef, before: Known | undefined, { installed, opened }: Pick<Known, 'installed' | 'opened'>): Promise<void> {
    const told = installed.status === 'enabled' ? opened : undefined;
    await this.#options.onChanged(ref, { status: installed.status, opened: told });
    await this.#connect(ref, told);
    await before?.opened?.adapter.close?.();
  }

  /** Some platforms are told by their API where to call back; that goes on by itself. */
  #connect(ref: AggregateRef, opened: OpenInstallation | undefined): Promise<void> {
    const key = `${workspaceKey(ref)}/${ref.id}`;
    if (opened === undefined || !isInteractive(opened.adapter)) return this.#options.connections.use(key, undefined);
    const { adapter, installed: { channel } } = opened;
    return this.#options.connections.use(key, adapter.connect && { channel, connect: adapter.connect.bind(adapter) });
  }

  #open(installed: InstalledChannel): OpenInstallation | undefined {
    const { channel } = installed;
    const kind = this.#options.kinds.find((candidate) => candidate.kind === channel.kind);
    const secrets = this.#secretsOf(channel);
    if (kind === undefined) return this.#tell(installed, `channels of kind ${channel.kind} are not offered here`);
    const problem = secrets.missing ?? secretHostProblem(kind, channel, this.#options.isHostAllowed)?.message;
    if (problem !== undefined) return this.#tell(installed, problem);
    try {
      return { installed, adapter: this.#guarded(kind, channel, kind.create({ channel, secrets: secrets.values })), pace: new CallPace({ perSecond: channel.settings.per_second }) };
    } catch (error) {
      return this.#tell(installed, error instanceof Error ? error.message : 'its adapter cannot be made');
    }
  }

  /** Nothing is signed with a secret that webhooks of several workspaces name, unless the operator said that they share it: it may be that of the other. */
  #guarded(kind: ChannelKind, channel: Channel, adapter: ChannelAdapter | InteractiveChannel): ChannelAdapter | InteractiveChannel {
    const names = signingSecretsOf(kind, channel.secrets).filter((name) => !this.#options.secrets.isBound(name));
    if (names.length === 0) return adapter;
    return {
      ...(adapter.close === undefined ? {} : { close: () => adapter.close?.() ?? Promise.resolve() }),
      deliver: async (outgoing) => {
        const shared = names.find((name) => this.#signsElsewhere(channel.tenant_context, name));
        if (shared === undefined) return await adapter.deliver(outgoing);
        this.#options.onProblem(channel, unboundSecret(shared));
        return { kind: 'transient', not_posted: true, reason: unboundSecret(shared) };
      },
    };
  }

  #signsElsewhere(tenant: Workspace, name: string): boolean {
    const signs = ({ installed }: Known): boolean => isInstalled(installed) && this.#options.kinds.some((kind) => kind.kind === installed.channel.kind && signingSecretsOf(kind, installed.channel.secrets).includes(name));
    return [...this.#workspaces].some(([key, channels]) => key !== workspaceKey(tenant) && [...channels.values()].some(signs));
  }

  /** What is not used may be broken. */
  #tell({ status, channel }: InstalledChannel, problem: string): undefined {
    if (status === 'enabled') this.#options.onProblem(channel, problem);
    return undefined;
  }

  #secretsOf(channel: Channel): { readonly values: Readonly<Record<string, string>>; readonly missing: string | undefined } {
    const values: Record<string, string> = {};
    for (const [role, name] of Object.entries(channel.secrets)) {
      const value = this.#options.secrets.valueOf(channel.tenant_context, name);
      if (value === undefined) return { values: {}, missing: `there is no COUNTERSIGN_CHANNEL_SECRET_${name} for its workspace` };
      values[role] = value;
    }
    return { values, missing: undefined };
  }
}
