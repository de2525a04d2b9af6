import { accept, definedMembers, refuse, type Decision, type Refusal } from '@cs/kernel';
import type { EffectPolicyEvent, EffectPolicyInput, EffectPolicyVersion, GovernanceActor, TenantContext } from '@cs/contracts';

/** The active version; `undefined` while the workspace has published none. */
export type EffectPolicyState = (EffectPolicyVersion & { readonly recent_commands: readonly { readonly command_id: string; readonly digest: string }[] }) | undefined;

/** Publications that a policy remembers: enough for the repetitions of a caller that was not answered. */
const rememberedCommands = 16;

/** Makes a policy, which was checked, the active one. */
export interface PublishPolicy {
  readonly policy: EffectPolicyInput;
  readonly digest: string;
  readonly note?: string | undefined;
  /** Number of the version that the caller has read, 0 for none; another active one is not replaced. Absent: whichever it is. */
  readonly replaces?: number | undefined;
  readonly published_by: GovernanceActor;
  readonly tenant_context: TenantContext;
  readonly command_id?: string | undefined;
}

export type EffectPolicyRefusal = Refusal<'EFFECT_POLICY_CHANGED' | 'IDEMPOTENCY_KEY_REUSED'>;

/** What makes a publication nothing new: it was done already, or cannot be. */
const settled = ({ digest, replaces, command_id }: PublishPolicy, state: EffectPolicyState): Decision<EffectPolicyEvent, EffectPolicyRefusal> | undefined => {
  if (state === undefined) return replaced(replaces, 0);
  const first = state.recent_commands.find((known) => known.command_id === command_id);
  if (first !== undefined && first.digest !== digest) return refuse({ code: 'IDEMPOTENCY_KEY_REUSED', message: `"${first.command_id}" published another policy already` });
  return first !== undefined || state.digest === digest ? accept() : replaced(replaces, state.number);
};

const replaced = (replaces: number | undefined, active: number): Decision<EffectPolicyEvent, EffectPolicyRefusal> | undefined =>
  replaces === undefined || replaces === active ? undefined : refuse({ code: 'EFFECT_POLICY_CHANGED', message: `version ${active} is active by now, not ${replaces}`, details: { active_version: active } });

const digestLength = 12;

const nameOf = (number: number, digest: string): string => `${number}:${digest.slice('sha256:'.length, 'sha256:'.length + digestLength)}`;

/** What is active stays so when it is published again: by the same command, or with the same content. */
export const decideEffectPolicy = (command: PublishPolicy, state: EffectPolicyState): Decision<EffectPolicyEvent, EffectPolicyRefusal> => {
  const { policy, digest, note, published_by, tenant_context, command_id } = command;
  const number = (state?.number ?? 0) + 1;
  const data = { ...policy, number, policy_version: nameOf(number, digest), digest, published_by, tenant_context, ...definedMembers({ note, command_id }) };
  return settled(command, state) ?? accept({ event_type: 'effect_policy_published', data });
};

export const evolveEffectPolicy = (state: EffectPolicyState, { data, recorded_at_ms }: EffectPolicyEvent & { readonly recorded_at_ms: number }): EffectPolicyState => {
  const { command_id, ...version } = data;
  const known = state?.recent_commands ?? [];
  return { ...version, published_at_ms: recorded_at_ms, recent_commands: command_id === undefined ? known : [...known, { command_id, digest: version.digest }].slice(-rememberedCommands) };
};
