import type { CallContext, ChannelEvent, EnrolmentOffered } from '@cs/contracts';
import { executeCommand, type Digest, type Eventing } from '@cs/eventing';
import { accepted, refused, type Result } from '@cs/kernel';
import { channelAggregate, channelRef } from './channel-aggregates.js';
import { decideChannel, type ChannelRefusal } from './channel.decider.js';
import type { ChannelState, InstalledChannel } from './channel.state.js';
import { boundaryOf, commandChannel, type ChannelOptions } from './configure-channel.command-handlers.js';

export const enrolmentMs = 10 * 60_000;

/** The log knows a code by its hash, within its channel only. */
const enrolmentIdOf = (digest: Digest, { org_id, workspace_id, channel_id }: { readonly org_id: string; readonly workspace_id: string; readonly channel_id: string }, code: string): string =>
  digest(['enrolment', org_id, workspace_id, channel_id, code].join('\n')).slice(0, 40);

/** Makes a code for whoever asks: sent in the channel within ten minutes, it says who they are. One code per person is good at a time. */
export const offerEnrolment = async (options: ChannelOptions & { /** 8 upper-case characters, hard to guess. */ readonly newCode: () => string }, context: CallContext, channel_id: string): Promise<Result<{ readonly offered: EnrolmentOffered; readonly position: number }>> => {
  const { eventing, newCode } = options;
  const person = context.actor.kind === 'human' ? context.actor.actor_id : undefined;
  if (person === undefined) return refused('CHANNEL_ENROLMENT_REQUIRES_HUMAN', 'only a person that the request names can be linked to a user of a channel');
  const code = newCode();
  const expires_at_ms = eventing.clock() + enrolmentMs;
  const enrolment_id = enrolmentIdOf(eventing.digest, { ...context.tenant, channel_id }, code);
  const stored = await commandChannel(options, context, { channel_id, command: { kind: 'offer_enrolment', enrolment_id, person, expires_at_ms, changed_by: context.actor, tenant_context: boundaryOf(context.tenant) } });
  return stored.ok ? accepted({ offered: { code, person, expires_at_ms }, position: stored.value.position }) : stored;
};

/** Links a user of the channel to the person who got the code; `undefined` when it is not good. */
export const enrolUser = async (eventing: Eventing, { channel }: InstalledChannel, { user_id, code }: { readonly user_id: string; readonly code: string }): Promise<string | undefined> => {
  const { tenant_context, channel_id } = channel;
  const enrolment_id = enrolmentIdOf(eventing.digest, { ...tenant_context, channel_id }, code.trim().toUpperCase());
  const executed = await executeCommand<ChannelState, ChannelEvent, ChannelRefusal>(channelRef(tenant_context, channel_id), {
    eventing, aggregate: channelAggregate, context: {}, decide: (state, at_ms) => decideChannel({ kind: 'enrol', enrolment_id, user_id }, state, at_ms),
  });
  if (executed.kind !== 'accepted' || executed.loaded.state.status === 'none') return undefined;
  return executed.loaded.state.users.find((user) => user.user_id === user_id)?.person;
};
