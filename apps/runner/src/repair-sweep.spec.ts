import { listChildWaits, listHeldRuns, listOrphanRuns, type SweepKey } from '@cs/contracts';
import type { RpcClient } from '@cs/platform';
import { RepairSweep } from './repair-sweep.js';

const key = (created_at_ms: number): SweepKey => ({ created_at_ms, run_id: `r${created_at_ms}`, wait_id: '' });
const run = (at: number) => ({ org_id: 'acme', workspace_id: 'ops', run_id: `r${at}` });

/** A sweep over lists of orphans: `pages` by the end of the page before. What it asked for, and which runs it judged. */
const sweepOver = (page: (after: SweepKey | undefined) => { readonly items: readonly ReturnType<typeof run>[]; readonly next?: SweepKey }) => {
  const asked: { readonly subject: string; readonly after: SweepKey | undefined; readonly before_ms: number }[] = [];
  const judged: string[] = [];
  const repaired: string[] = [];
  const rpc = {
    call: ({ subject }: { subject: string }, { payload }: { payload: { after?: SweepKey; before_ms: number } }) => {
      asked.push({ subject, after: payload.after, before_ms: payload.before_ms });
      return Promise.resolve({ ok: true, value: subject === listOrphanRuns.subject ? page(payload.after) : { items: [] } });
    },
  } as unknown as RpcClient;
  const cancelOrphan = ({ id }: { id: string }): Promise<boolean> => {
    judged.push(id);
    return id === 'r2' ? Promise.reject(new Error('away')) : Promise.resolve(id !== 'r1');
  };
  const sweep = new RepairSweep({
    rpc, clock: () => 100_000, everyMs: 15_000, held: {} as never, children: { cancelOrphan } as never, logger: { info: () => undefined, warn: () => undefined },
    onRepaired: (kind) => repaired.push(kind),
  });
  return { sweep, asked, judged, repaired };
};

describe('the sweep for what lost messages left behind', () => {
  it('looks at what is older than two sweeps, of each kind', async () => {
    const { sweep, asked } = sweepOver(() => ({ items: [] }));
    await sweep.sweep();
    await sweep.stop();
    expect(asked.map(({ subject, before_ms }) => [subject, before_ms])).toEqual([listHeldRuns, listChildWaits, listOrphanRuns].map(({ subject }) => [subject, 70_000]));
  });

  it('judges each, counts what it changed, and is not kept from others by one that cannot be judged', async () => {
    const { sweep, judged, repaired } = sweepOver(() => ({ items: [run(1), run(2), run(3)] }));
    await sweep.sweep();
    await sweep.stop();
    expect([judged, repaired]).toEqual([['r1', 'r2', 'r3'], ['orphan_run']]);
  });

  it('looks at a bounded number of pages, goes on behind them, and begins anew at the end', async () => {
    const { sweep, asked } = sweepOver((after) => ((after?.created_at_ms ?? 0) < 7 ? { items: [], next: key((after?.created_at_ms ?? 0) + 1) } : { items: [] }));
    for (let turn = 0; turn < 3; turn += 1) await sweep.sweep();
    await sweep.stop();
    const starts = asked.filter(({ subject }) => subject === listOrphanRuns.subject).map(({ after }) => after?.created_at_ms);
    expect(starts).toEqual([undefined, 1, 2, 3, 4, 5, 6, 7, undefined, 1, 2, 3, 4]);
  });
});
