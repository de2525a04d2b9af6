import { z } from 'zod';
import { orgIdSchema, workspaceIdSchema } from './scalars.schema.js';

/** The boundary every record belongs to. Two are equal when organisation, workspace and deployment are. */
export const tenantContextSchema = z.object({
  org_id: orgIdSchema,
  workspace_id: workspaceIdSchema,
  deployment_id: z.string().min(1).max(64).optional(),
  /** The acting person or service; not part of the boundary. */
  actor_id: z.string().min(1).max(256).optional(),
  source: z.enum(['local_implicit', 'explicit']),
});
export type TenantContext = z.infer<typeof tenantContextSchema>;

export const localImplicitTenant: TenantContext = { org_id: 'local', workspace_id: 'local', source: 'local_implicit' };

export const isSameTenant = (a: TenantContext, b: TenantContext): boolean =>
  a.org_id === b.org_id && a.workspace_id === b.workspace_id && a.deployment_id === b.deployment_id;

/** Who acts. Resolved once, at the gateway, from what it verified; never read from a body. */
export const governanceActorSchema = z.object({
  kind: z.enum(['human', 'agent', 'system']),
  actor_id: z.string().min(1).max(256).optional(),
  source: z.string().min(1).max(64).optional(),
  /** Of a user of a channel: whom they have shown to be by an enrolment code. Set by the notifier only, and counts beside a channel's source only. */
  person: z.string().min(1).max(256).optional(),
  /** What the channel calls its user: a label that its user chose, never compared with anything. Set by the notifier only. */
  display_name: z.string().min(1).max(128).optional(),
});
export type GovernanceActor = z.infer<typeof governanceActorSchema>;

const channelNames: Readonly<Record<string, string>> = { slack: 'Slack', discord: 'Discord', telegram: 'Telegram' };

/**
 * How texts name a user of a channel: "ada via Slack" where they are linked to a person, else what the channel calls
 * them, with their id, "Ada (U012AB3CD) via Slack". `undefined` for everybody else.
 */
export const nameOnChannel = ({ person, display_name, actor_id = '', source = '' }: GovernanceActor): string | undefined => {
  const name = person ?? (display_name === undefined ? undefined : `${display_name} (${actor_id.split(':').at(-1) ?? ''})`);
  return name === undefined ? undefined : `${name} via ${channelNames[source] ?? source}`;
};

/** What travels with every command and query between services. */
export const callContextSchema = z.object({
  tenant: tenantContextSchema,
  actor: governanceActorSchema,
  correlation_id: z.string().min(1).max(128),
});
export type CallContext = z.infer<typeof callContextSchema>;

/** Where what belongs to no tenant stands in the log. No credentials lead there. */
export const systemWorkspace = { org_id: '_system', workspace_id: '_system' } as const;
