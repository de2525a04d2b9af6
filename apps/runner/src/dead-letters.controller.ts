import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { consequential, decideLetter, type DenialOptions, type OperatorOptions } from '@cs/automation-application';
import { decideDeadLetter, getDeadLetter, type CallContext, type ReplyOf, type RpcReply } from '@cs/contracts';
import { answerRpc, LOGGER, RPC_CLIENT, type Logger, type RpcClient } from '@cs/platform';
import { OPERATOR_OPTIONS } from './tokens.js';

type Decided = RpcReply<ReplyOf<typeof decideDeadLetter>>;

/** What operators do about dead letters of every kind. */
@Controller()
export class DeadLettersController {
  readonly #decide;

  constructor(@Inject(OPERATOR_OPTIONS) options: OperatorOptions & DenialOptions, @Inject(RPC_CLIENT) rpc: RpcClient, @Inject(LOGGER) logger: Logger) {
    this.#decide = answerRpc(decideDeadLetter, logger, async (payload, context: CallContext): Promise<Decided> => {
      const found = await rpc.call(getDeadLetter, { context, payload: { dead_letter_id: payload.dead_letter_id } });
      if (!found.ok) return found;
      const attempt = { action: payload.choice === 'retry' ? 'retry' : 'close', resource_kind: 'dead_letter', resource_id: payload.dead_letter_id } as const;
      const result = await consequential(options, context, { attempt, command: () => decideLetter(options, context, { letter: found.value, request: payload }) });
      return result.ok ? { ok: true, value: result.value.decided, position: result.value.position } : result;
    });
  }

  @MessagePattern(decideDeadLetter.subject)
  decide(raw: unknown): Promise<Decided> {
    return this.#decide(raw);
  }
}
