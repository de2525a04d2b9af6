import { signalSubjects } from '@cs/contracts';
import { errors, type NatsConnection, type Subscription } from '@nats-io/transport-node';

const patienceMs = 1000;

/** Lets others find out that this process uses the log, until the subscription ends. */
export const answerPresence = (nc: NatsConnection, name: string): Subscription =>
  nc.subscribe(signalSubjects.presence, { callback: (error, message) => void (error === null && message.respond(name)) });

/** Names of the processes that use the log now; the asking one is not among them. Takes a second when there are any. */
export const askPresence = async (nc: NatsConnection): Promise<readonly string[]> => {
  const names: string[] = [];
  try {
    for await (const message of await nc.requestMany(signalSubjects.presence, undefined, { strategy: 'timer', maxWait: patienceMs })) names.push(message.string());
  } catch (error) {
    if (!(error instanceof errors.NoRespondersError)) throw error;
  }
  return names.sort();
};
