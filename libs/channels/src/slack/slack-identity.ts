import type { AdapterOutcome } from '@cs/notification';
import { z } from 'zod';
import { outcomeOf, type SlackApi } from './slack-api.js';

/** Which app in which workspace. */
export interface SlackInstallation {
  readonly team_id: string;
  readonly api_app_id: string;
}

const whoSchema = z.object({ team_id: z.string(), bot_id: z.string() });
const botSchema = z.object({ bot: z.object({ app_id: z.string() }) });

/**
 * Whether the bot token is one of the configured app in the configured workspace. `undefined`: yes, and it is not asked
 * again; a failure is, with the next delivery.
 */
export class SlackIdentity {
  #verified = false;

  constructor(readonly api: SlackApi, readonly installation: SlackInstallation) {}

  async problem(deadline_ms: number): Promise<AdapterOutcome | undefined> {
    if (this.#verified) return undefined;
    const problem = await this.#verify(deadline_ms);
    this.#verified = problem === undefined;
    return problem;
  }

  async #verify(deadline_ms: number): Promise<AdapterOutcome | undefined> {
    const { team_id, api_app_id } = this.installation;
    const who = await this.api.call({ method: 'auth.test', args: {}, as: 'form', answer: whoSchema, deadline_ms });
    if (who.kind !== 'ok') return outcomeOf(who);
    if (who.value.team_id !== team_id) return { kind: 'permanent', reason: `the bot token belongs to another workspace than ${team_id}` };
    const bot = await this.api.call({ method: 'bots.info', args: { bot: who.value.bot_id }, as: 'form', answer: botSchema, deadline_ms });
    if (bot.kind !== 'ok') return outcomeOf(bot);
    return bot.value.bot.app_id === api_app_id ? undefined : { kind: 'permanent', reason: `the bot token belongs to another app than ${api_app_id}` };
  }
}
