import type { AggregateRef, DeliveryEvent, DeliveryRequest, Notice } from '@cs/contracts';
import { executeCommand, type Eventing } from '@cs/eventing';
import { definedMembers, type Json } from '@cs/kernel';
import type { ChannelDirectory } from './channel-directory.port.js';
import { deliveryAggregate, deliveryRef } from './delivery-aggregate.js';
import { deliveryDecider, type DeliveryCommand, type DeliveryRefusal } from './delivery.decider.js';
import type { Delivery } from './delivery.state.js';

export interface RequestDeliveriesOptions {
  readonly eventing: Eventing;
  /** Names of the channels of the notifier's own configuration. */
  readonly channels: readonly string[];
  /** The installations that people set up. Absent: none. */
  readonly directory?: ChannelDirectory;
  /** The gateway as people reach it, for links. Absent: cards have none. */
  readonly publicUrl?: string;
}

export type Requested = 'requested' | 'contended';

/** What is asked about: the opening of a gate, or the question of a step. */
export type Subject = { readonly gate_opening_id: string } | { readonly request_id: string };

/** What is asked, wherever it is asked. */
export type Question = Omit<DeliveryRequest, 'delivery_id' | 'channel'>;

/** What follows what was asked: what is told, and what becomes of the card. */
export interface FollowUp {
  readonly notice: Notice;
  readonly subject: Subject;
  readonly notification_key?: string;
  /** Votes that the gate had. */
  readonly vote_count?: number | undefined;
  /** It is not told before, Unix milliseconds. */
  readonly not_before_ms?: number;
  readonly card: (asked: Json) => Json;
  readonly escalation?: {
    readonly escalated_to: string;
    /** What is asked where it was not asked by a card. `undefined` when the log does not tell it. */
    readonly question: Question | undefined;
  };
}

/** What a follow-up says of itself, beside what was asked. */
export const followUpFacts = ({ notification_key, vote_count, not_before_ms }: FollowUp): Pick<DeliveryRequest, 'notification_key' | 'vote_count' | 'not_before_ms'> => definedMembers({ notification_key, vote_count, not_before_ms });

/** The event that a delivery follows from. */
export interface Cause extends Pick<AggregateRef, 'org_id' | 'workspace_id'> {
  readonly event_id: string;
}

/** A command on one delivery; its state after it, or `undefined` when others kept writing first. */
export const commandDelivery = async (eventing: Eventing, ref: AggregateRef, { command, cause }: { readonly command: (at_ms: number) => DeliveryCommand; readonly cause?: { readonly causation_id?: string; readonly correlation_id?: string } }): Promise<Delivery | undefined> => {
  const executed = await executeCommand<Delivery, DeliveryEvent, DeliveryRefusal>(ref, {
    eventing, aggregate: deliveryAggregate, context: cause ?? {}, decide: (state, at_ms) => deliveryDecider.decide(command(at_ms), state),
  });
  return executed.kind === 'accepted' ? executed.loaded.state : undefined;
};

/** Asks for a delivery, once: its id follows from what it is. */
export const requestDelivery = async ({ eventing }: Pick<RequestDeliveriesOptions, 'eventing'>, cause: Cause, delivery: Omit<DeliveryRequest, 'delivery_id'>): Promise<Requested> => {
  const ref = deliveryRef(eventing.digest, { ...delivery, org_id: cause.org_id, workspace_id: cause.workspace_id });
  const request: DeliveryRequest = { ...delivery, delivery_id: ref.id };
  const correlation = delivery.automation_id === undefined ? {} : { correlation_id: delivery.automation_id };
  const state = await commandDelivery(eventing, ref, { command: () => ({ kind: 'request', request }), cause: { causation_id: cause.event_id, ...correlation } });
  return state === undefined ? 'contended' : 'requested';
};
