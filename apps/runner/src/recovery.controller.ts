import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { chooseRecovery as chooseHandler, consequential, type DenialOptions, type OperatorOptions } from '@cs/automation-application';
import { chooseRecovery, type RecoveryChosen, type RpcReply } from '@cs/contracts';
import { answerRpc, LOGGER, type Logger } from '@cs/platform';
import { OPERATOR_OPTIONS } from './tokens.js';

/** How operators want runs recovered. */
@Controller()
export class RecoveryController {
  readonly #choose;

  constructor(@Inject(OPERATOR_OPTIONS) options: OperatorOptions & DenialOptions, @Inject(LOGGER) logger: Logger) {
    this.#choose = answerRpc(chooseRecovery, logger, async (payload, context): Promise<RpcReply<RecoveryChosen>> => {
      const attempt = { action: 'recover', resource_kind: 'run', resource_id: payload.run_id } as const;
      const result = await consequential(options, context, { attempt, command: () => chooseHandler(options, context, payload) });
      return result.ok ? { ok: true, value: result.value.chosen, position: result.value.position } : result;
    });
  }

  @MessagePattern(chooseRecovery.subject)
  choose(raw: unknown): Promise<RpcReply<RecoveryChosen>> {
    return this.#choose(raw);
  }
}
