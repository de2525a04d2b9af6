import type { TenantContext } from '@cs/contracts';
import type { OpenGate, OpenGates } from '@cs/notification';
import { OpenGatesSweep } from './open-gates-sweep.js';

const tenantOf = (workspace_id: string): TenantContext => ({ org_id: 'acme', workspace_id, source: 'explicit' });

/** Inboxes of so many pages, each with one gate. */
class Inboxes implements OpenGates {
  constructor(private readonly pages: Readonly<Record<string, number>>) {}
  page({ workspace_id }: TenantContext, after = '1'): ReturnType<OpenGates['page']> {
    const pages = this.pages[workspace_id];
    if (pages === undefined) return Promise.reject(new Error('the inbox is away'));
    const number = Number(after);
    const gates: readonly OpenGate[] = [{ automation_id: 'a', run_id: 'r', gate_opening_id: `${workspace_id}-${number}` }];
    return Promise.resolve({ gates, ...(number < pages ? { next: String(number + 1) } : {}) });
  }
}

const sweepOf = (pages: Readonly<Record<string, number>>, workspaces: readonly string[], fails: (gate: string) => boolean = () => false) => {
  const looked: string[] = [];
  const warnings: string[] = [];
  const sweep = new OpenGatesSweep({
    gates: new Inboxes(pages), tenants: () => workspaces.map(tenantOf), logger: { warn: (_fields: unknown, text?: string) => void warnings.push(text ?? '') },
    ask: (_tenant, { gate_opening_id }) => {
      looked.push(gate_opening_id);
      return fails(gate_opening_id) ? Promise.reject(new Error('the log is away')) : Promise.resolve();
    },
  });
  return { sweep, looked, warnings };
};

describe('the sweep over open gates', () => {
  it('looks at every gate of every workspace, and one that fails keeps no other', async () => {
    const { sweep, looked, warnings } = sweepOf({ ops: 2, dev: 1 }, ['ops', 'away', 'dev'], (gate) => gate === 'ops-1');
    await sweep.sweep();
    await sweep.stop();
    expect(looked).toEqual(['ops-1', 'ops-2', 'dev-1']);
    expect(warnings).toEqual(['an open gate could not be looked at', 'open gates could not be looked at']);
  });

  it('looks at ten pages at most, and goes on behind them', async () => {
    const { sweep, looked } = sweepOf({ ops: 12 }, ['ops']);
    await sweep.sweep();
    expect(looked).toHaveLength(10);
    await sweep.sweep();
    expect(looked.slice(10)).toEqual(['ops-11', 'ops-12']);
    await sweep.sweep();
    expect(looked[12]).toBe('ops-1');
    await sweep.stop();
  });
});
