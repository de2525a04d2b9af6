import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { jest } from '@jest/globals';
import type { AutomationRecord } from '@cs/contracts';
import { Client } from './client.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(120_000);

const program = path.resolve(import.meta.dirname, '../../dist/automations.cli.js');
const flow = 'flow:\n  nodes:\n    - { node_id: n, objective: o, action: { kind: transform, expression: "1" } }\n';

describe('definition files', () => {
  let system: System;
  let client: Client;
  const folder = mkdtempSync(path.join(tmpdir(), 'countersign-files-'));

  beforeAll(async () => {
    system = await System.start();
    client = new Client(system.url, system.paymentsUrl);
  });
  afterAll(async () => {
    await system.stop();
    rmSync(folder, { recursive: true });
  });

  const automations = async (...args: readonly string[]): Promise<{ readonly code: unknown; readonly lines: readonly string[] }> => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: process.env['PATH'], INIT_CWD: folder, COUNTERSIGN_URL: system.url } });
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    return { code, lines: output.trim().split('\n') };
  };

  /** Waits until the reads have what was stored. */
  const stored = async (id: string, holds: (automation: AutomationRecord) => boolean): Promise<AutomationRecord> => {
    for (const deadline = Date.now() + 10_000; Date.now() < deadline; await new Promise((resolve) => setTimeout(resolve, 50))) {
      const { status, body } = await client.call('GET', `/automations/v2/${id}`);
      const automation = body['automation'] as AutomationRecord;
      if (status === 200 && holds(automation)) return automation;
    }
    throw new Error(`automation ${id} is not as expected`);
  };

  it('are applied: created, left alone, updated to what they say, and nothing is stored while one has a problem', async () => {
    writeFileSync(path.join(folder, 'a.yaml'), `automation_id: a\nname: A\ndescription: first\nstatus: active\n${flow}`);
    writeFileSync(path.join(folder, 'b.yaml'), `automation_id: b\nname: B\nstatus: active\n${flow}`);

    expect(await automations('apply', 'a.yaml', 'b.yaml')).toEqual({ code: 0, lines: [expect.stringMatching(/^created {2}a {2}automation:a@[0-9a-f]{16} {2}a\.yaml$/), expect.stringMatching(/^created {2}b /)] });
    await stored('a', () => true);
    await stored('b', () => true);
    expect(await automations('apply', 'a.yaml', 'b.yaml')).toEqual({ code: 0, lines: [expect.stringMatching(/^unchanged {2}a /), expect.stringMatching(/^unchanged {2}b /)] });

    // What people did by hand to a status that the file does not name is left to them; a member that is gone from the file is gone.
    writeFileSync(path.join(folder, 'a.yaml'), `automation_id: a\nname: Renamed\n${flow}`);
    expect((await automations('apply', 'a.yaml')).lines).toEqual([expect.stringMatching(/^updated {2}a /)]);
    const updated = await stored('a', ({ name }) => name === 'Renamed');
    expect(updated).toMatchObject({ status: 'active' });
    expect(updated).not.toHaveProperty('description');

    writeFileSync(path.join(folder, 'b.yaml'), `automation_id: b\nname: Other\nstatus: active\ncolour: red\n${flow}`);
    writeFileSync(path.join(folder, 'c.yaml'), `automation_id: c\nname: C\n${flow}`);
    expect(await automations('apply', 'c.yaml', 'b.yaml')).toEqual({ code: 1, lines: ['b.yaml:4:1  colour  unknown_member  "colour" is not a member of this object', '1 problem; nothing was stored'] });
    expect((await client.call('GET', '/automations/v2/c')).status).toBe(404);
  });

  it('are created anew after their automation was deleted', async () => {
    writeFileSync(path.join(folder, 'gone.yaml'), `automation_id: gone\nname: Gone\n${flow}`);
    expect((await automations('apply', 'gone.yaml')).code).toBe(0);
    await stored('gone', () => true);
    expect((await client.call('DELETE', '/automations/v2/gone')).status).toBe(200);
    expect(await automations('apply', 'gone.yaml')).toEqual({ code: 0, lines: [expect.stringMatching(/^created {2}gone /)] });
  });

  it('are shown with their place when only the service refuses them: this one is nested too deeply for a request', async () => {
    writeFileSync(path.join(folder, 'deep.yaml'), `automation_id: deep\nname: Deep\n${flow}metadata:\n  deep: ${'{ a: '.repeat(70)}1${' }'.repeat(70)}\n`);
    const { code, lines } = await automations('apply', 'deep.yaml');
    expect({ code, lines }).toEqual({ code: 1, lines: [expect.stringMatching(/^deep\.yaml:7:\d+ {2}metadata\.deep\.a\S* /)] });
  });
});
