import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { answerResumePlan, consequential, type DenialOptions, type OperatorOptions, type ResumePlanOptions } from '@cs/automation-application';
import { chooseRecovery, getDeadLetter, type RecoveryChosen, type RpcReply } from '@cs/contracts';
import { answerRpc, LOGGER, RPC_CLIENT, type Logger, type RpcClient } from '@cs/platform';
import { OPERATOR_OPTIONS } from './tokens.js';

/** How operators want runs recovered. */
@Controller()
export class RecoveryController {
  readonly #choose;

  constructor(@Inject(OPERATOR_OPTIONS) options: OperatorOptions & DenialOptions, @Inject(RPC_CLIENT) rpc: RpcClient, @Inject(LOGGER) logger: Logger) {
    const plans: ResumePlanOptions = { ...options, findLetter: (context, dead_letter_id) => rpc.call(getDeadLetter, { context, payload: { dead_letter_id } }) };
    this.#choose = answerRpc(chooseRecovery, logger, async (payload, context): Promise<RpcReply<RecoveryChosen>> => {
      const attempt = { action: 'recover', resource_kind: 'run', resource_id: payload.run_id } as const;
      const result = await consequential(options, context, { attempt, command: () => answerResumePlan(plans, context, payload) });
      return result.ok ? { ok: true, value: result.value.chosen, position: result.value.position } : result;
    });
  }

  @MessagePattern(chooseRecovery.subject)
  choose(raw: unknown): Promise<RpcReply<RecoveryChosen>> {
    return this.#choose(raw);
  }
}
