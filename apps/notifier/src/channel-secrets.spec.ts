import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ChannelSecrets } from './channel-secrets.js';

const ops = { org_id: 'acme', workspace_id: 'ops' };
const others = [{ org_id: 'acme', workspace_id: 'sales' }, { org_id: 'other', workspace_id: 'ops' }, { org_id: 'acme/ops', workspace_id: '' }, { org_id: '', workspace_id: 'acme/ops' }];

const secretsOf = (members: Readonly<Record<string, string>>): ChannelSecrets => new ChannelSecrets(Object.fromEntries(Object.entries(members).map(([name, value]) => [`COUNTERSIGN_CHANNEL_SECRET_${name}`, value])));

describe('Channels: installation secrets do not leak across installations', () => {
  it('a secret of a workspace is there for that one only', () => {
    const secrets = secretsOf({ SLACK: 'xoxb-1', SLACK_FOR: 'acme/ops, acme/night' });
    expect(secrets.valueOf(ops, 'SLACK')).toBe('xoxb-1');
    expect(secrets.valueOf({ ...ops, workspace_id: 'night' }, 'SLACK')).toBe('xoxb-1');
    for (const other of others) expect(secrets.valueOf(other, 'SLACK')).toBeUndefined();
  });

  it('one that names no workspace is there for all, and one that names none of them for nobody', () => {
    const secrets = secretsOf({ SHARED: 'a', CLOSED: 'b', CLOSED_FOR: '' });
    for (const tenant of [ops, ...others]) expect([secrets.valueOf(tenant, 'SHARED'), secrets.valueOf(tenant, 'CLOSED')]).toEqual(['a', undefined]);
  });

  it('are bound when the operator said whose they are, be it nobody', () => {
    const secrets = secretsOf({ SLACK: 'a', DESK: 'b', DESK_FOR: 'acme/ops', CLOSED: 'c', CLOSED_FOR: '' });
    expect(['SLACK', 'DESK', 'CLOSED', 'ABSENT'].map((name) => secrets.isBound(name))).toEqual([false, true, true, false]);
  });

  it('a name leads to its own value, not to one beside it, nor to the list of workspaces', () => {
    const secrets = secretsOf({ SLACK: 'a', SLACK_2: 'b', SLACK_2_FOR: 'other/ops' });
    expect(['SLACK', 'SLACK_2', 'SLACK_2_FOR', 'SLACK_FILE', 'slack', '', 'constructor'].map((name) => secrets.valueOf(ops, name))).toEqual(['a', undefined, undefined, undefined, undefined, undefined, undefined]);
  });

  it('nothing else of the environment is a secret of a channel', () => {
    const secrets = new ChannelSecrets({ DATABASE_URL: 'postgres://', COUNTERSIGN_SECRET_PAYMENTS_URL: 'http://', COUNTERSIGN_CHANNEL_SECRET_ABSENT: undefined });
    for (const name of ['DATABASE_URL', 'PAYMENTS_URL', 'ABSENT']) expect(secrets.valueOf(ops, name)).toBeUndefined();
  });

  it('the value of a file is kept for the same workspaces', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'countersign-secrets-'));
    const file = path.join(folder, 'slack');
    writeFileSync(file, ' xoxb-2\n');
    const secrets = secretsOf({ SLACK_FILE: file, SLACK_FOR: 'acme/ops' });
    rmSync(folder, { recursive: true });
    expect([secrets.valueOf(ops, 'SLACK'), secrets.valueOf(ops, 'SLACK_FILE'), ...others.map((other) => secrets.valueOf(other, 'SLACK'))]).toEqual(['xoxb-2', undefined, undefined, undefined, undefined, undefined]);
  });

  it('are shown by nothing that writes the object down', () => {
    const secrets = secretsOf({ SLACK: 'xoxb-3' });
    expect(JSON.stringify(secrets)).toBe('{}');
    expect(Object.values(secrets)).toEqual([]);
  });
});
