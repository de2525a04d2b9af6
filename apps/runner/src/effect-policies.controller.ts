import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import * as handlers from '@cs/automation-application';
import type { DenialOptions, EffectPolicyOptions } from '@cs/automation-application';
import { getEffectPolicy, publishEffectPolicy, type ActiveEffectPolicy, type EffectPolicyVersion, type RpcReply } from '@cs/contracts';
import { answerRpc, LOGGER, type Logger } from '@cs/platform';
import { EFFECT_POLICY_OPTIONS } from './tokens.js';

/** The policy of a workspace. */
@Controller()
export class EffectPoliciesController {
  readonly #publish;
  readonly #active;

  constructor(@Inject(EFFECT_POLICY_OPTIONS) options: EffectPolicyOptions & DenialOptions, @Inject(LOGGER) logger: Logger) {
    this.#publish = answerRpc(publishEffectPolicy, logger, async (payload, context): Promise<RpcReply<EffectPolicyVersion>> => {
      const result = await handlers.publishEffectPolicy(options, context, payload);
      return result.ok ? { ok: true, value: result.value.policy, position: result.value.position } : result;
    });
    this.#active = answerRpc(getEffectPolicy, logger, (_payload, context) => handlers.activeEffectPolicy(options, context));
  }

  @MessagePattern(publishEffectPolicy.subject)
  publish(raw: unknown): Promise<RpcReply<EffectPolicyVersion>> {
    return this.#publish(raw);
  }

  @MessagePattern(getEffectPolicy.subject)
  active(raw: unknown): Promise<RpcReply<ActiveEffectPolicy>> {
    return this.#active(raw);
  }
}
