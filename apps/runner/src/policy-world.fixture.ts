import { ActivePolicy, effectPolicyAggregate, effectPolicyRef } from '@cs/automation-application';
import { decideEffectPolicy } from '@cs/automation-domain';
import { CedarEffectJudge } from '@cs/cedar-policy';
import { localImplicitTenant, type PendingGate, type PolicyDecision } from '@cs/contracts';
import { executeCommand } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { human, InMemoryRunner } from './in-memory-runner.fixture.js';

const judge = new CedarEffectJudge();

/** Asks whenever a step names a risk tier, and lets nothing else out unasked. */
export const shipped = judge.builtin.policies;

/** A runner that judges effects by the policies of the engine, over the log in memory. */
export class PolicyWorld extends InMemoryRunner {
  readonly policy = new ActivePolicy(judge, this.eventing.store);
  override readonly executor = this.newExecutor('runner-1', { policy: this.policy });

  another(claimantId: string) {
    return this.newExecutor(claimantId, { policy: this.policy });
  }

  /** What a person makes the policy of the workspace. */
  async publish(policies: string, settings: { readonly denied_risk_tiers?: readonly 'money_movement_contract'[] } = {}): Promise<void> {
    const policy = { policies, denied_risk_tiers: [...(settings.denied_risk_tiers ?? [])], denied_data_classes: [] };
    const digest = `sha256:${this.eventing.digest(JSON.stringify(policy))}`;
    await executeCommand(effectPolicyRef(localImplicitTenant), {
      eventing: this.eventing, aggregate: effectPolicyAggregate, context: {},
      decide: (state) => decideEffectPolicy({ policy, digest, published_by: human, tenant_context: localImplicitTenant }, state),
    });
  }

  async gateOf(run_id: string): Promise<PendingGate | undefined> {
    const { status, checkpoint } = await this.load(run_id);
    return status === 'awaiting_approval' ? checkpoint.awaiting_gate : undefined;
  }

  /** Decisions on effects as they are in the log, oldest first. */
  decisions(run_id: string): readonly PolicyDecision[] {
    const events = this.store.all().filter(({ ref }) => ref.id === run_id).flatMap(({ commit }) => commit.events);
    return events.filter(({ event_type }) => event_type.startsWith('policy_')).map(({ data }) => data as PolicyDecision);
  }

  /** `event type: reason code` of each decision. */
  decided(run_id: string): readonly string[] {
    const events = this.store.all().filter(({ ref }) => ref.id === run_id).flatMap(({ commit }) => commit.events);
    return events.filter(({ event_type }) => event_type.startsWith('policy_')).map(({ event_type, data }) => `${event_type}: ${(data as PolicyDecision).reason_code}`);
  }

  bodies(): readonly (Json | undefined)[] {
    return this.http.sent.map(({ body }) => body);
  }
}
