import { parseLogSubject, statusSubjects, streams, type AggregateRef, type TenantContext } from '@cs/contracts';
import { deadLetterAggregate, decideDeadLetter, done, executeCommand, giveUp, loadAggregate, retryLater, type ConsumerOutcome, type DeadLetterState, type Eventing } from '@cs/eventing';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { ConsumerMessage } from './message-handling.js';

type Letter = NonNullable<DeadLetterState>['letter'];
/** Handles the messages of a consumer. */
export type Handler = (message: ConsumerMessage) => Promise<ConsumerOutcome>;

export interface RetriesOptions {
  /** Its consumers are named after it. */
  readonly service: string;
  readonly nc: NatsConnection;
  readonly eventing: Eventing;
  /** What handles the messages of a consumer; `undefined` while it has not been started. */
  readonly handlerOf: (consumer: string) => Handler | undefined;
}

/** Deliveries after which a message is set aside once more. */
const maxTries = 5;

/** The message as it stands in its stream; `undefined` when it is not kept any more. */
const readMessage = async (nc: NatsConnection, { stream, stream_sequence }: Letter): Promise<ConsumerMessage | undefined> => {
  const manager = await jetstreamManager(nc);
  const stored = await manager.streams.getMessage(stream, { seq: stream_sequence });
  if (stored === null) return undefined;
  return { subject: stored.subject, position: stored.seq, deliveryCount: 1, header: (name) => stored.header.get(name), text: () => stored.string() };
};

const report = async ({ eventing }: RetriesOptions, ref: AggregateRef, result: { readonly handled: boolean; readonly reason: string; readonly tenant_context: TenantContext }): Promise<ConsumerOutcome> => {
  const written = await executeCommand(ref, { eventing, aggregate: deadLetterAggregate, context: {}, decide: (state) => decideDeadLetter({ type: 'report', ...result }, state) });
  return written.kind === 'contended' ? retryLater(1000, 'the dead letter is being written to') : done;
};

const notStarted: Handler = () => Promise.resolve(retryLater(1000, 'nothing handles the messages of this consumer'));

const failureOf = (error: unknown): ConsumerOutcome => retryLater(1000, error instanceof Error ? error.message : String(error));

/** Handles the message of a letter; what became of it is reported, unless it is to be tried again by itself. */
const redeliver = async (options: RetriesOptions, ref: AggregateRef, { letter, tries }: { readonly letter: Letter; readonly tries: number }): Promise<ConsumerOutcome> => {
  const tenant_context: TenantContext = { org_id: ref.org_id, workspace_id: ref.workspace_id, source: 'explicit' };
  const message = await readMessage(options.nc, letter);
  if (message === undefined) return await report(options, ref, { handled: false, reason: 'the message is not kept any more', tenant_context });
  const handle = options.handlerOf(letter.consumer) ?? notStarted;
  const outcome = await handle(message).catch(failureOf);
  if (outcome.kind === 'done') return await report(options, ref, { handled: true, reason: 'handled', tenant_context });
  return outcome.kind === 'retry-later' && tries < maxTries ? outcome : await report(options, ref, { handled: false, reason: outcome.reason, tenant_context });
};

/**
 * Handles a message once more that was set aside, when an operator asked for it. Handlers are idempotent, so
 * that a death between handling and reporting only handles it again.
 */
export const retryDeadLetter = async (options: RetriesOptions, request: ConsumerMessage): Promise<ConsumerOutcome> => {
  const subject = parseLogSubject(request.subject);
  if (subject === undefined) return giveUp(`"${request.subject}" is no dead letter`);
  const { state } = await loadAggregate({ store: options.eventing.store, aggregate: deadLetterAggregate }, subject.ref);
  if (state?.status !== 'retry_requested' || state.letter.source_type !== 'message' || !state.letter.consumer.startsWith(`${options.service}--`)) return done;
  return await redeliver(options, subject.ref, { letter: state.letter, tries: request.deliveryCount });
};

/** The consumer of a service that retries what its consumers set aside. */
export const retriesOf = (options: RetriesOptions) => ({
  durable: `${options.service}--dead-letter-retries`, stream: streams.log.name, filters: [statusSubjects('dead_letter', 'retry_requested')], ackWaitMs: 15_000, maxInFlight: 4, maxDeliver: 50,
  handle: (message: ConsumerMessage) => retryDeadLetter(options, message),
});
