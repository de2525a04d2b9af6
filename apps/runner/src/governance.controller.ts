import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import * as handlers from '@cs/automation-application';
import type { AgentStored, ApprovalStored, Governed, GovernedOptions, LimitsStored } from '@cs/automation-application';
import {
  addGrant, changeGovernanceLimits, changeGovernedAgent, completeGovernanceReview, decideGovernanceApproval, extendAutomation, getGovernance, getGovernanceLimits, requestGovernanceApproval, restoreAutomation, retireAutomation,
  revokeGrant, type AutomationGovernanceRecord, type CallContext, type GovernanceApprovalRecord, type GovernanceLimits, type GovernedAgentRecord, type PayloadOf, type ReplyOf, type RpcReply,
} from '@cs/contracts';
import { definedMembers, refused, type Result } from '@cs/kernel';
import { answerRpc, LOGGER, type Logger } from '@cs/platform';
import { AUTOMATION_OPTIONS } from './tokens.js';

type GovernanceReply = Promise<RpcReply<AutomationGovernanceRecord>>;
const governed = (result: Result<Governed>): RpcReply<AutomationGovernanceRecord> => (result.ok ? { ok: true, value: result.value.governance, position: result.value.position } : result);

const approvalOf = (result: Result<ApprovalStored>): RpcReply<GovernanceApprovalRecord> => {
  if (!result.ok) return result;
  const { tenant_context: _tenant, decided_by, decided_at_ms, note, consumed_by, ...approval } = result.value.approval;
  return { ok: true, value: { ...approval, ...definedMembers({ decided_by, decided_at_ms, note, consumed_by }) }, position: result.value.position };
};

const limitsOf = (result: Result<LimitsStored>): RpcReply<GovernanceLimits> => (result.ok ? { ok: true, value: result.value.limits, position: result.value.position } : result);

const agentOf = (result: Result<AgentStored>, agent_id: string): RpcReply<GovernedAgentRecord> => {
  if (!result.ok) return result;
  const { agent, position } = result.value;
  const { creation_paused = false, authority_revoked = false, weekly_spend_cap_usd, spend_paused, spend } = agent ?? {};
  return { ok: true, position, value: { agent_id, creation_paused, authority_revoked, spend_paused: spend_paused !== undefined, updated_at_ms: 0, ...definedMembers({ weekly_spend_cap_usd: weekly_spend_cap_usd ?? undefined, spend }) } };
};

type Review = PayloadOf<typeof completeGovernanceReview>;
const reviewed = async (options: GovernedOptions, context: CallContext, { automation_id, agent_id, note }: Review): Promise<RpcReply<ReplyOf<typeof completeGovernanceReview>>> => {
  if ((automation_id === undefined) === (agent_id === undefined)) {
    const path = automation_id === undefined ? 'automation_id' : 'agent_id';
    return refused('GOVERNANCE_REQUEST_INVALID', 'name either an automation or an agent', { problems: [{ path, code: 'one_of', message: 'name either an automation or an agent' }] });
  }
  const result = automation_id === undefined ? await handlers.reviewAgent(options, context, { agent_id: agent_id ?? '', note }) : await handlers.reviewAutomation(options, context, { automation_id, note });
  if (!result.ok) return result;
  return { ok: true, value: { subject: automation_id === undefined ? { kind: 'agent', id: agent_id ?? '' } : { kind: 'automation', id: automation_id } }, position: result.value.position };
};

const attempt = (action: string, resource_id: string): handlers.Attempt => ({ action, resource_kind: 'approval', resource_id });

/** What people and agents do with the governance of automations. */
@Controller()
export class GovernanceController {
  readonly #answers;

  constructor(@Inject(AUTOMATION_OPTIONS) options: GovernedOptions, @Inject(LOGGER) logger: Logger) {
    this.#answers = {
      get: answerRpc(getGovernance, logger, async ({ automation_id }, context) => governed(await handlers.readGovernance(options, context, automation_id))),
      retire: answerRpc(retireAutomation, logger, async (payload, context) => governed(await handlers.retireAutomation(options, context, payload))),
      restore: answerRpc(restoreAutomation, logger, async (payload, context) => governed(await handlers.restoreAutomation(options, context, payload))),
      extend: answerRpc(extendAutomation, logger, async (payload, context) => governed(await handlers.extendAutomation(options, context, payload))),
      grant: answerRpc(addGrant, logger, async (payload, context) => governed(await handlers.addGrant(options, context, payload))),
      revoke: answerRpc(revokeGrant, logger, async (payload, context) => governed(await handlers.revokeGrant(options, context, payload))),
      request: answerRpc(requestGovernanceApproval, logger, async (payload, context) =>
        approvalOf(await handlers.audited(options, context, { attempt: attempt(`request_${payload.approval_type}`, payload.automation_id ?? payload.agent_id ?? ''), result: await handlers.requestApproval(options, context, payload) }))),
      decide: answerRpc(decideGovernanceApproval, logger, async (payload, context) =>
        approvalOf(await handlers.audited(options, context, { attempt: attempt(payload.decision, payload.approval_id), result: await handlers.decideApproval(options, context, payload) }))),
      review: answerRpc(completeGovernanceReview, logger, (payload, context) => reviewed(options, context, payload)),
      limits: answerRpc(getGovernanceLimits, logger, async (_payload, context): Promise<RpcReply<GovernanceLimits>> => ({ ok: true, value: await handlers.readGovernanceLimits(options, context) })),
      changeLimits: answerRpc(changeGovernanceLimits, logger, async (payload, context) => limitsOf(await handlers.changeLimits(options, context, definedMembers(payload)))),
      changeAgent: answerRpc(changeGovernedAgent, logger, async ({ agent_id, ...change }, context) => agentOf(await handlers.changeAgent(options, context, { agent_id, ...definedMembers(change) }), agent_id)),
    };
  }

  @MessagePattern(getGovernance.subject)
  get(raw: unknown): GovernanceReply {
    return this.#answers.get(raw);
  }

  @MessagePattern(retireAutomation.subject)
  retire(raw: unknown): GovernanceReply {
    return this.#answers.retire(raw);
  }

  @MessagePattern(restoreAutomation.subject)
  restore(raw: unknown): GovernanceReply {
    return this.#answers.restore(raw);
  }

  @MessagePattern(extendAutomation.subject)
  extend(raw: unknown): GovernanceReply {
    return this.#answers.extend(raw);
  }

  @MessagePattern(addGrant.subject)
  grant(raw: unknown): GovernanceReply {
    return this.#answers.grant(raw);
  }

  @MessagePattern(revokeGrant.subject)
  revoke(raw: unknown): GovernanceReply {
    return this.#answers.revoke(raw);
  }

  @MessagePattern(requestGovernanceApproval.subject)
  request(raw: unknown): Promise<RpcReply<GovernanceApprovalRecord>> {
    return this.#answers.request(raw);
  }

  @MessagePattern(decideGovernanceApproval.subject)
  decide(raw: unknown): Promise<RpcReply<GovernanceApprovalRecord>> {
    return this.#answers.decide(raw);
  }

  @MessagePattern(completeGovernanceReview.subject)
  review(raw: unknown): Promise<RpcReply<ReplyOf<typeof completeGovernanceReview>>> {
    return this.#answers.review(raw);
  }

  @MessagePattern(getGovernanceLimits.subject)
  limits(raw: unknown): Promise<RpcReply<GovernanceLimits>> {
    return this.#answers.limits(raw);
  }

  @MessagePattern(changeGovernanceLimits.subject)
  changeLimits(raw: unknown): Promise<RpcReply<GovernanceLimits>> {
    return this.#answers.changeLimits(raw);
  }

  @MessagePattern(changeGovernedAgent.subject)
  changeAgent(raw: unknown): Promise<RpcReply<GovernedAgentRecord>> {
    return this.#answers.changeAgent(raw);
  }
}
