import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { usablePolicy, type EffectJudge } from '@cs/automation-application';
import { dryRunEffectPolicy, getEffectPolicyVersion, listEffectPolicies, listPolicyDecisions, type PayloadOf, type PolicyDryRun, type ReplyOf, type RpcReply } from '@cs/contracts';
import { refusal, systemClock } from '@cs/platform';
import { dryRunPolicy, type PolicyQueries, type Reader } from '@cs/read-models';
import { invalidCursor, pageOf, toAnswer, type Reads } from './reads.js';
import { EFFECT_JUDGE, POLICY_QUERIES, READS } from './tokens.js';

const thirtyDaysMs = 30 * 24 * 3_600_000;

interface DryRunParts {
  readonly queries: PolicyQueries;
  readonly judge: EffectJudge;
}

const dryRun = async ({ queries, judge }: DryRunParts, payload: PayloadOf<typeof dryRunEffectPolicy>, reader: Reader): Promise<RpcReply<PolicyDryRun>> => {
  const { policies, denied_risk_tiers, denied_data_classes, until_ms = systemClock(), since_ms = Math.max(until_ms - thirtyDaysMs, 0), automation_id, limit } = payload;
  const usable = usablePolicy(judge, { policies, denied_risk_tiers, denied_data_classes });
  if (!usable.ok) return usable;
  const page = pageOf(payload);
  if (page === undefined) return invalidCursor();
  return { ok: true, value: await dryRunPolicy({ queries, judge }, reader, { candidate: { ...usable.value, policy_version: 'candidate' }, since_ms, until_ms, automation_id, limit, after: page.after }) };
};

/** Policies of workspaces, what they decided, and what another one would have decided. */
@Controller()
export class PoliciesController {
  readonly #decisions;
  readonly #versions;
  readonly #version;
  readonly #dryRun;

  constructor(@Inject(READS) reads: Reads, @Inject(POLICY_QUERIES) queries: PolicyQueries, @Inject(EFFECT_JUDGE) judge: EffectJudge) {
    this.#decisions = reads.answer(listPolicyDecisions, async (payload, reader) => {
      const page = pageOf(payload);
      return page ? toAnswer(await queries.policyDecisions(reader, payload, page), (decision) => decision) : invalidCursor();
    });
    this.#versions = reads.answer(listEffectPolicies, async (payload, reader) => {
      const page = pageOf(payload);
      return page ? toAnswer(await queries.effectPolicies(reader, page), (version) => version) : invalidCursor();
    });
    this.#version = reads.answer(getEffectPolicyVersion, async ({ number }, reader): Promise<RpcReply<ReplyOf<typeof getEffectPolicyVersion>>> => {
      const version = await queries.effectPolicy(reader, number);
      return version === undefined ? refusal('EFFECT_POLICY_NOT_FOUND', `the workspace has no version ${number} of its policy`, { number }) : { ok: true, value: version };
    });
    this.#dryRun = reads.answer(dryRunEffectPolicy, (payload, reader) => dryRun({ queries, judge }, payload, reader));
  }

  @MessagePattern(listPolicyDecisions.subject)
  decisions(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listPolicyDecisions>>> {
    return this.#decisions(raw);
  }

  @MessagePattern(listEffectPolicies.subject)
  versions(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof listEffectPolicies>>> {
    return this.#versions(raw);
  }

  @MessagePattern(getEffectPolicyVersion.subject)
  version(@Payload() raw: unknown): Promise<RpcReply<ReplyOf<typeof getEffectPolicyVersion>>> {
    return this.#version(raw);
  }

  @MessagePattern(dryRunEffectPolicy.subject)
  dryRun(@Payload() raw: unknown): Promise<RpcReply<PolicyDryRun>> {
    return this.#dryRun(raw);
  }
}
