import { jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from './client.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(180_000);

describe('decisions are linearizable', () => {
  let system: System;
  let client: Client;

  beforeAll(async () => {
    system = await System.start();
    client = new Client(system.url, system.paymentsUrl);
    await client.loadExample('refund/refund.automation.yaml');
  });
  afterAll(() => system.stop());

  const race = async (orderId: string, deciders: number, bodyOf: (n: number) => Record<string, string> = (n) => ({ decision: n % 2 === 0 ? 'approve' : 'cancel', reason: `decider ${n}` })): Promise<void> => {
    const run = await client.startRefund(orderId);
    await client.untilGate(run);
    const answers = await Promise.all(
      Array.from({ length: deciders }, (_none, n) =>
        client.call('POST', `/automations/v2/runs/${run}/gate`, { body: bodyOf(n) }),
      ),
    );
    const won = answers.filter(({ status }) => status === 200);
    const lost = answers.filter(({ status }) => status === 409);
    expect([won.length, lost.length]).toEqual([1, deciders - 1]);
    const [record] = (won[0]?.body['run'] as { checkpoint: { gate_history: { decision: string; reason?: string }[] } }).checkpoint.gate_history;
    for (const { body } of lost) {
      expect(body).toMatchObject({ code: 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', runID: run, winningDecision: { decision: record?.decision, reason: record?.reason ?? null } });
    }
    const finished = await client.untilFinished(run);
    expect(finished.status).toBe(record?.decision === 'approve' ? 'completed' : 'cancelled');
    expect(finished.checkpoint.gate_history).toHaveLength(1);
    expect((await client.ledger(orderId)).count).toBe(record?.decision === 'approve' ? 1 : 0);
  };

  it('gives 50 concurrent decisions one winner and names it to the other forty-nine', async () => {
    await race('order-4000', 50);
  });

  it('does so when all fifty say the same at the same moment', async () => {
    await race('order-4900', 50, () => ({ decision: 'approve' }));
  });

  it('does so for 200 gates in a row', async () => {
    for (let gate = 1; gate <= 200; gate += 1) await race(`order-${4000 + gate}`, 4);
  });

  it('yields a receipt that a script with only jose and the public keys verifies', async () => {
    const run = await client.startRefund('order-4800');
    await client.untilGate(run);
    await client.call('POST', `/automations/v2/runs/${run}/gate`, { body: { decision: 'approve', reason: 'checked' } });
    const { body } = await client.call('GET', `/automations/v2/runs/${run}/receipts`);
    const [{ receipt } = { receipt: '' }] = body['receipts'] as { receipt: string }[];
    const script = path.resolve(import.meta.dirname, '../../../../examples/verify-receipt/verify.mjs');
    const verify = (text: string) => promisify(execFile)(process.execPath, [script, text, `${system.url}/.well-known/jwks.json`]);
    expect(JSON.parse((await verify(receipt)).stdout)).toMatchObject({ run_id: run, automation_id: 'refund-order', node_id: 'approve', decision: 'approve', reason: 'checked', iss: 'countersign' });
    const [header, , signature] = receipt.split('.');
    const forged = Buffer.from(JSON.stringify({ run_id: run, decision: 'cancel' })).toString('base64url');
    await expect(verify(`${header}.${forged}.${signature}`)).rejects.toThrow('signature verification failed');
  });

  it('records who was refused and why', async () => {
    const { body } = await client.call('GET', '/audit/ledger/manifest');
    expect(body).toMatchObject({ verified: true });
    expect(body['records']).toBeGreaterThanOrEqual(200 * 3 + 2 * 49);
  });
});
