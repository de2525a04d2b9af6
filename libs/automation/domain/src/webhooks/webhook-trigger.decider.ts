import { accept, refuse, type Decision, type Refusal } from '@cs/kernel';
import type { GovernanceActor, WebhookSecretSource, WebhookTrigger, WebhookTriggerEvent } from '@cs/contracts';

/** A trigger, or `undefined` before it exists. */
export type WebhookTriggerState = WebhookTrigger | undefined;
export type WebhookTriggerChange = Partial<Pick<WebhookTrigger, 'name' | 'starts_runs' | 'event_kinds' | 'input'>>;

interface Rotation {
  /** How long the one before stays good, in ms; 0 for not at all. */
  readonly overlap_ms: number;
  readonly command_id?: string | undefined;
}

export type WebhookTriggerCommand =
  | { readonly type: 'create'; readonly trigger: Omit<WebhookTrigger, 'enabled' | 'deleted' | 'created_at_ms' | 'updated_at_ms'> }
  | { readonly type: 'update'; readonly change: WebhookTriggerChange }
  /** To the secret named; without a name, to the next one that is derived. */
  | ({ readonly type: 'rotate_secret'; readonly secret_ref?: string | undefined } & Rotation)
  | ({ readonly type: 'rotate_token'; readonly token_hash: string } & Rotation)
  | { readonly type: 'enable' }
  | { readonly type: 'disable' }
  | { readonly type: 'delete' };

export interface TriggerContext {
  readonly at_ms: number;
  readonly automation_id: string;
  readonly deployment_id?: string | undefined;
  readonly changed_by: GovernanceActor;
}

type Decided = Decision<WebhookTriggerEvent, Refusal<'WEBHOOK_TRIGGER_NOT_FOUND'>>;
type ChangeCommand = Exclude<WebhookTriggerCommand, { type: 'create' }>;

/** A generation never comes back, also not after a secret by name: it may have leaked. */
const nextSecret = ({ last_generation }: WebhookTrigger, secret_ref: string | undefined): Pick<WebhookTrigger, 'secret' | 'last_generation'> =>
  secret_ref === undefined
    ? { secret: { kind: 'derived', generation: last_generation + 1 }, last_generation: last_generation + 1 }
    : { secret: { kind: 'ref', name: secret_ref }, last_generation };

const withoutPrevious = ({ previous_secret: _secret, ...trigger }: WebhookTrigger): WebhookTrigger => trigger;
const withoutPreviousToken = ({ previous_token: _token, ...trigger }: WebhookTrigger): WebhookTrigger => trigger;
const commandOf = ({ command_id }: Rotation): { readonly last_command_id?: string } => (command_id === undefined ? {} : { last_command_id: command_id });

const rotatedSecret = (trigger: WebhookTrigger, command: Extract<ChangeCommand, { type: 'rotate_secret' }>, at_ms: number): WebhookTrigger => ({
  ...withoutPrevious(trigger), ...nextSecret(trigger, command.secret_ref), ...commandOf(command),
  ...(command.overlap_ms > 0 ? { previous_secret: { secret: trigger.secret, valid_until_ms: at_ms + command.overlap_ms } } : {}),
});

const rotatedToken = (trigger: WebhookTrigger, command: Extract<ChangeCommand, { type: 'rotate_token' }>, at_ms: number): WebhookTrigger => ({
  ...withoutPreviousToken(trigger), token_hash: command.token_hash, ...commandOf(command),
  ...(command.overlap_ms > 0 ? { previous_token: { token_hash: trigger.token_hash, valid_until_ms: at_ms + command.overlap_ms } } : {}),
});

const isRepeated = (command: ChangeCommand, { last_command_id }: WebhookTrigger): boolean =>
  'command_id' in command && command.command_id !== undefined && command.command_id === last_command_id;

/** Repeated, or about a secret that an unsigned trigger has not. */
const isWithoutEffect = (command: ChangeCommand, trigger: WebhookTrigger): boolean => isRepeated(command, trigger) || (command.type === 'rotate_secret' && trigger.secret.kind === 'none');

type Changed = readonly [WebhookTriggerEvent['event_type'], WebhookTrigger];

const toggled = (trigger: WebhookTrigger, enabled: boolean): Changed | undefined =>
  trigger.enabled === enabled ? undefined : [enabled ? 'webhook_trigger_enabled' : 'webhook_trigger_disabled', { ...trigger, enabled }];

const updated = (trigger: WebhookTrigger, change: WebhookTriggerChange): Changed | undefined =>
  Object.keys(change).length === 0 ? undefined : ['webhook_trigger_updated', { ...trigger, ...change }];

/** The trigger after a command; `undefined` when it holds already. */
const changedBy = (command: ChangeCommand, trigger: WebhookTrigger, at_ms: number): Changed | undefined => {
  switch (command.type) {
    case 'update':
      return updated(trigger, command.change);
    case 'rotate_secret':
      return ['webhook_trigger_secret_rotated', rotatedSecret(trigger, command, at_ms)];
    case 'rotate_token':
      return ['webhook_trigger_token_rotated', rotatedToken(trigger, command, at_ms)];
    case 'enable':
    case 'disable':
      return toggled(trigger, command.type === 'enable');
    case 'delete':
      return ['webhook_trigger_deleted', { ...trigger, enabled: false, deleted: true }];
  }
};

const notFound = refuse({ code: 'WEBHOOK_TRIGGER_NOT_FOUND', message: 'there is no such webhook trigger' } as const);

const isTheirs = (trigger: WebhookTrigger, { automation_id, deployment_id }: Pick<TriggerContext, 'automation_id' | 'deployment_id'>): boolean =>
  !trigger.deleted && trigger.automation_id === automation_id && trigger.tenant_context.deployment_id === deployment_id;

/** A trigger belongs to one automation and deployment; for others, and once it is deleted, it is not there. */
export const decideWebhookTrigger = (command: WebhookTriggerCommand, state: WebhookTriggerState, { at_ms, automation_id, deployment_id, changed_by }: TriggerContext): Decided => {
  if (command.type === 'create') {
    if (state !== undefined) return accept();
    return accept({ event_type: 'webhook_trigger_created', data: { trigger: { ...command.trigger, enabled: true, deleted: false, created_at_ms: at_ms, updated_at_ms: at_ms }, changed_by } });
  }
  if (state === undefined || !isTheirs(state, { automation_id, deployment_id })) return notFound;
  const changed = isWithoutEffect(command, state) ? undefined : changedBy(command, state, at_ms);
  if (changed === undefined) return accept();
  const [event_type, trigger] = changed;
  return accept({ event_type, data: { trigger: { ...trigger, updated_at_ms: at_ms }, changed_by } });
};

export const evolveWebhookTrigger = (_state: WebhookTriggerState, { data }: WebhookTriggerEvent): WebhookTriggerState => data.trigger;

const isLive = (until: { readonly valid_until_ms: number } | undefined, at_ms: number): boolean => until !== undefined && at_ms < until.valid_until_ms;

/** Whether a token leads to this trigger now. */
export const admitsToken = (trigger: WebhookTrigger, token_hash: string, at_ms: number): boolean =>
  !trigger.deleted && (trigger.token_hash === token_hash || (trigger.previous_token?.token_hash === token_hash && isLive(trigger.previous_token, at_ms)));

/** The secrets that a signature may be made with now. */
export const validSecrets = ({ secret, previous_secret }: WebhookTrigger, at_ms: number): readonly WebhookSecretSource[] =>
  previous_secret !== undefined && isLive(previous_secret, at_ms) ? [secret, previous_secret.secret] : [secret];
