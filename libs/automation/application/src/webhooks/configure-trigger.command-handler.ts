import { decideWebhookTrigger, defaultScheme, liveAutomation, type WebhookTriggerChange, type WebhookTriggerCommand } from '@cs/automation-domain';
import type { CallContext, SignatureScheme, WebhookSecretSource, WebhookTrigger, WebhookTriggerRecord, WebhookTriggerShown } from '@cs/contracts';
import { executeCommand, loadAggregate } from '@cs/eventing';
import { accept, accepted, refused, type Result } from '@cs/kernel';
import { automationAccess } from '../access-check.js';
import { automationAggregate } from '../automation.aggregate.js';
import type { WebhookTriggerOptions } from './webhook.ports.js';
import { webhookTokenAggregate, webhookTokenRef, webhookTriggerAggregate, webhookTriggerRef } from './webhook.aggregates.js';

export interface CreateTrigger extends WebhookTriggerChange {
  readonly automation_id: string;
  readonly provider: string;
  readonly scheme?: SignatureScheme | undefined;
  readonly secret_ref?: string | undefined;
  readonly secret_header?: string | undefined;
  readonly command_id?: string | undefined;
}

interface OfTrigger {
  readonly automation_id: string;
  readonly trigger_id: string;
}

interface Changed {
  readonly trigger: WebhookTrigger;
  readonly position: number;
  /** False when it held already. */
  readonly changed: boolean;
}

/** What a change answers, with the position it wrote. */
export interface Shown<Value> {
  readonly value: Value;
  readonly position: number;
}

/** A trigger as its owner sees it. */
export const showTrigger = ({ token_hash: _hash, previous_token, deleted: _deleted, last_command_id: _command, tenant_context: _tenant, ...trigger }: WebhookTrigger): WebhookTriggerRecord => ({
  ...trigger, ...(previous_token === undefined ? {} : { previous_token_valid_until_ms: previous_token.valid_until_ms }),
});

const deploymentOf = ({ tenant }: CallContext) => (tenant.deployment_id === undefined ? {} : { deployment_id: tenant.deployment_id });

/** The tenant without the person who acts. */
const boundaryOf = ({ tenant }: CallContext): WebhookTrigger['tenant_context'] => ({ org_id: tenant.org_id, workspace_id: tenant.workspace_id, source: tenant.source, ...deploymentOf({ tenant } as CallContext) });

/** Triggers are their automation's: its owner and administrators command them. */
const mayCommand = (options: WebhookTriggerOptions, context: CallContext, { automation_id }: Pick<OfTrigger, 'automation_id'>): Promise<Result<true>> => automationAccess(options, context, { automation_id, right: 'change' });

const execute = async ({ eventing }: WebhookTriggerOptions, context: CallContext, { trigger_id, automation_id, command }: OfTrigger & { readonly command: WebhookTriggerCommand }): Promise<Result<Changed>> => {
  const result = await executeCommand(webhookTriggerRef(context.tenant, trigger_id), {
    eventing, aggregate: webhookTriggerAggregate, context: { actor: context.actor, causation_id: context.correlation_id, correlation_id: automation_id },
    decide: (state, at_ms) => decideWebhookTrigger(command, state, { at_ms, automation_id, ...deploymentOf(context), changed_by: context.actor }),
  });
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', 'the webhook trigger is being changed by others');
  if (result.kind === 'refused' || result.loaded.state === undefined) return refused('WEBHOOK_TRIGGER_NOT_FOUND', `automation "${automation_id}" has no webhook trigger "${trigger_id}"`, { trigger_id });
  return accepted({ trigger: result.loaded.state, position: result.loaded.position, changed: result.changed });
};

/** Binds a token's hash to its trigger before the trigger knows it: a token that nobody was told leads nowhere. */
const bindToken = async ({ eventing }: WebhookTriggerOptions, { tenant }: CallContext, { trigger_id, token_hash }: { readonly trigger_id: string; readonly token_hash: string }): Promise<void> => {
  const data = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, trigger_id };
  await executeCommand(webhookTokenRef(token_hash), {
    eventing, aggregate: webhookTokenAggregate, context: {},
    decide: (state) => (state === undefined ? accept({ event_type: 'webhook_token_bound', data } as const) : accept()),
  });
};

const addressOf = (token: string): string => `/webhooks/automations/${token}`;

const unavailable = (message: string): Result<never> => refused('WEBHOOK_SECRET_UNAVAILABLE', message);

/** The secret to show, if it is one that we made. Refused when it cannot be computed here. */
const secretToShow = ({ secrets }: WebhookTriggerOptions, source: WebhookSecretSource, owner: Pick<WebhookTrigger, 'tenant_context' | 'trigger_id'>): Result<{ readonly signing_secret?: string }> => {
  if (source.kind === 'none') return accepted({});
  const secret = secrets.secretOf(source, owner);
  if (secret !== undefined && secret !== '') return accepted(source.kind === 'derived' ? { signing_secret: secret } : {});
  return unavailable(source.kind === 'derived' ? 'the runner has no COUNTERSIGN_WEBHOOK_KEY to make secrets from' : `the runner has no secret "${source.name}" (COUNTERSIGN_SECRET_${source.name})`);
};

const sourceOf = (scheme: SignatureScheme, secret_ref: string | undefined): WebhookSecretSource => {
  if (scheme === 'unsigned_dev_mode') return { kind: 'none' };
  return secret_ref === undefined ? { kind: 'derived', generation: 1 } : { kind: 'ref', name: secret_ref };
};

const mayBeUnsigned = ({ allowUnsigned }: WebhookTriggerOptions, { tenant }: CallContext): boolean => allowUnsigned && tenant.source === 'local_implicit';

const automationProblem = async (options: WebhookTriggerOptions, context: CallContext, automation_id: string): Promise<Result<true>> => {
  const allowed = await mayCommand(options, context, { automation_id });
  if (!allowed.ok) return allowed;
  const { tenant } = context;
  const ref = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'automation', id: automation_id } as const;
  const { state } = await loadAggregate({ store: options.eventing.store, aggregate: automationAggregate }, ref);
  const isThere = liveAutomation(state, tenant.deployment_id) !== undefined;
  return isThere ? accepted(true) : refused('AUTOMATION_V2_NOT_FOUND', `there is no automation "${automation_id}"`, { automationID: automation_id });
};

/** With an idempotency key the id follows from it, so that the same request finds the same trigger. */
const triggerIdOf = ({ eventing, newId }: WebhookTriggerOptions, { tenant, actor }: CallContext, { automation_id, command_id }: CreateTrigger): string => {
  if (command_id === undefined) return `wht-${newId()}`;
  return `wht-${eventing.digest(JSON.stringify([tenant.org_id, tenant.workspace_id, tenant.deployment_id ?? '', actor.actor_id ?? '', automation_id, command_id])).slice(0, 32)}`;
};

interface NewTrigger {
  readonly owner: Pick<WebhookTrigger, 'trigger_id' | 'tenant_context'>;
  readonly scheme: SignatureScheme;
  readonly secret: WebhookSecretSource;
  readonly shown: { readonly signing_secret?: string };
}

/** What the trigger will be, if it may be and its secret is there. */
const admit = async (options: WebhookTriggerOptions, context: CallContext, request: CreateTrigger): Promise<Result<NewTrigger>> => {
  const automation = await automationProblem(options, context, request.automation_id);
  if (!automation.ok) return automation;
  const scheme = request.scheme ?? defaultScheme(request.provider);
  if (scheme === 'unsigned_dev_mode' && !mayBeUnsigned(options, context)) return refused('WEBHOOK_UNSIGNED_NOT_ALLOWED', 'unsigned webhooks are for one machine only, and not allowed on this one');
  const owner = { trigger_id: triggerIdOf(options, context, request), tenant_context: boundaryOf(context) };
  const secret = sourceOf(scheme, request.secret_ref);
  const shown = secretToShow(options, secret, owner);
  return shown.ok ? accepted({ owner, scheme, secret, shown: shown.value }) : shown;
};

/** The members that are given. */
const given = <Members extends Readonly<Record<string, unknown>>>(members: Members): { [Name in keyof Members]?: Exclude<Members[Name], undefined> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as { [Name in keyof Members]?: Exclude<Members[Name], undefined> };

/**
 * Gives an automation an address for webhooks. The address, and a secret that we made, are in this answer
 * only; repeated with its key, the request changes nothing and does not show the address again.
 */
export const createTrigger = async (options: WebhookTriggerOptions, context: CallContext, request: CreateTrigger): Promise<Result<Shown<WebhookTriggerShown>>> => {
  const admitted = await admit(options, context, request);
  if (!admitted.ok) return admitted;
  const { owner, scheme, secret, shown } = admitted.value;
  const { automation_id, provider, starts_runs = false, event_kinds = [], name, input, secret_header, command_id } = request;
  const token = options.newToken();
  const token_hash = options.eventing.digest(token);
  await bindToken(options, context, { trigger_id: owner.trigger_id, token_hash });
  const trigger = { ...owner, automation_id, provider, scheme, secret, last_generation: secret.kind === 'derived' ? secret.generation : 0, token_hash, starts_runs, event_kinds, ...given({ name, input, secret_header, last_command_id: command_id }) };
  const result = await execute(options, context, { trigger_id: owner.trigger_id, automation_id, command: { type: 'create', trigger } });
  return result.ok ? accepted(present(result.value, token, shown)) : result;
};

const present = ({ trigger, position, changed }: Changed, token: string | undefined, shown: { readonly signing_secret?: string }): Shown<WebhookTriggerShown> => ({
  value: { trigger: showTrigger(trigger), ...shown, ...(changed && token !== undefined ? { webhook_path: addressOf(token) } : {}) }, position,
});

interface Rotate extends OfTrigger {
  readonly overlap_ms: number;
  readonly command_id?: string | undefined;
}

/** Makes a new secret, or names another one. The one before stays good for `overlap_ms`. */
export const rotateSecret = async (options: WebhookTriggerOptions, context: CallContext, { automation_id, trigger_id, ...rotation }: Rotate & { readonly secret_ref?: string | undefined }): Promise<Result<Shown<WebhookTriggerShown>>> => {
  const allowed = await mayCommand(options, context, { automation_id });
  if (!allowed.ok) return allowed;
  const owner = { trigger_id, tenant_context: boundaryOf(context) };
  // Refused before anything is written: a trigger whose secret nobody has would refuse every delivery.
  const possible = secretToShow(options, rotation.secret_ref === undefined ? { kind: 'derived', generation: 1 } : { kind: 'ref', name: rotation.secret_ref }, owner);
  if (!possible.ok) return possible;
  const result = await execute(options, context, { trigger_id, automation_id, command: { type: 'rotate_secret', ...rotation } });
  if (!result.ok) return result;
  const shown = secretToShow(options, result.value.trigger.secret, owner);
  return shown.ok ? accepted(present(result.value, undefined, shown.value)) : shown;
};

/** Gives the trigger a new address. */
export const rotateToken = async (options: WebhookTriggerOptions, context: CallContext, { automation_id, trigger_id, ...rotation }: Rotate): Promise<Result<Shown<WebhookTriggerShown>>> => {
  const allowed = await mayCommand(options, context, { automation_id });
  if (!allowed.ok) return allowed;
  const token = options.newToken();
  const token_hash = options.eventing.digest(token);
  await bindToken(options, context, { trigger_id, token_hash });
  const result = await execute(options, context, { trigger_id, automation_id, command: { type: 'rotate_token', token_hash, ...rotation } });
  return result.ok ? accepted(present(result.value, token, {})) : result;
};

type PlainChange = Extract<WebhookTriggerCommand, { type: 'update' | 'enable' | 'disable' | 'delete' }>;

/** Changes what a trigger does, or whether it does anything. */
export const changeTrigger = async (options: WebhookTriggerOptions, context: CallContext, { command, ...trigger }: OfTrigger & { readonly command: PlainChange }): Promise<Result<Shown<WebhookTriggerRecord>>> => {
  const allowed = await mayCommand(options, context, trigger);
  if (!allowed.ok) return allowed;
  const result = await execute(options, context, { ...trigger, command });
  return result.ok ? accepted({ value: showTrigger(result.value.trigger), position: result.value.position }) : result;
};
