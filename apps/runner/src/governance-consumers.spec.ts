import { governedAgentAggregate } from '@cs/automation-application';
import { listRuns, localImplicitTenant, logSubject, type AggregateRef, type GovernedAgentEvent } from '@cs/contracts';
import { executeCommand } from '@cs/eventing';
import { accept } from '@cs/kernel';
import type { RpcClient } from '@cs/platform';
import { governanceConsumers } from './governance-consumers.js';
import { InMemoryRunner } from './in-memory-runner.fixture.js';

const ref: AggregateRef = { org_id: 'local', workspace_id: 'local', aggregate: 'governed_agent', id: 'bot' };
const of = { tenant_context: localImplicitTenant, agent_id: 'bot' };
const registered = (automation_id: string): GovernedAgentEvent => ({ event_type: 'agent_automation_registered', data: { ...of, automation_id, day: '1970-01-01', depth: 0 } });

describe('an agent that may not go on', () => {
  it('has the runs of all its automations told, also behind one whose runs cannot be judged', async () => {
    const runner = new InMemoryRunner();
    const events: readonly GovernedAgentEvent[] = [registered('one'), registered('two'), { event_type: 'agent_spend_paused', data: { ...of, week: '1969-12-29', week_usd: 2, cap_usd: 1 } }];
    await executeCommand(ref, { eventing: runner.eventing, aggregate: governedAgentAggregate, context: {}, decide: () => accept(...events) });
    const asked: (string | undefined)[] = [];
    const call = (_method: unknown, { payload }: { readonly payload: unknown }): Promise<unknown> => {
      const { automation_id } = listRuns.payload.parse(payload);
      asked.push(automation_id);
      return Promise.resolve({ ok: true, value: { items: automation_id === 'one' ? [{ run_id: 'r', workflow_definition_snapshot_hash: `sha256:${'0'.repeat(64)}` }] : [] } });
    };
    const automations = { statusOf: () => Promise.resolve('active'), readStatus: () => Promise.resolve('active') };
    const changes = { announce: () => undefined, listen: () => () => undefined };
    const consumer = governanceConsumers({ eventing: runner.eventing, definitions: runner.definitions, changes, automations, rpc: { call } as unknown as RpcClient }).find(({ durable }) => durable === 'runner--governance-agents');
    const stored = await runner.store.last(ref);
    if (stored === undefined || consumer === undefined) throw new Error('nothing to handle');
    const message = { subject: logSubject(ref, stored.status), position: stored.position, deliveryCount: 1, header: () => '', text: () => JSON.stringify(stored.commit) };
    await expect(consumer.handle(message)).rejects.toThrow('1 automations of the agent could not be followed');
    expect(asked).toEqual(['one', 'two']);
  });
});
