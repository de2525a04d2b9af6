import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { ConfigError, loadConfig } from './load-config.js';
import { serviceConfigSchema } from './service.config.js';

const schema = z.object({ URL: z.url(), PORT: z.coerce.number().int(), TOKEN: z.string().min(8), LEVEL: z.enum(['low', 'high']).default('low'), KEY_FILE: z.string().optional() });
const good = { URL: 'https://example.org', PORT: '80', TOKEN: 'long enough' };

const problemOf = (environment: Record<string, string | undefined>): string => {
  try {
    loadConfig(schema, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
};

describe('configuration', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'countersign-config-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is read with its types and defaults, and without anything else of the environment', () => {
    expect(loadConfig(schema, { ...good, HOME: '/root' })).toEqual({ URL: 'https://example.org', PORT: 80, TOKEN: 'long enough', LEVEL: 'low' });
  });

  it('names everything that is wrong or missing at once', () => {
    expect(problemOf({ PORT: 'eighty', TOKEN: 'short', LEVEL: 'medium' })).toMatch(/^Configuration is not usable: URL: .*; PORT: .*; TOKEN: .*; LEVEL: /);
  });

  it('says what to set, and not what the schema met', () => {
    const described = z.object({ PORT: z.coerce.number().int().describe('port to listen on'), NATS_URL: z.string().describe('NATS server') });
    const messageOf = (environment: Record<string, string>): string => {
      try {
        loadConfig(described, environment);
      } catch (error) {
        return error instanceof Error ? error.message : '';
      }
      return '';
    };
    expect(messageOf({ PORT: 'abc' })).toBe('Configuration is not usable: PORT: must be a whole number (port to listen on); NATS_URL: is not set (NATS server)');
    expect(messageOf({ PORT: '4.5', NATS_URL: 'x' })).toBe('Configuration is not usable: PORT: must be a whole number (port to listen on)');
  });

  it('never repeats a value, which may be a secret', () => {
    expect(problemOf({ ...good, TOKEN: 'secret!' })).not.toContain('secret!');
  });

  it('takes an empty variable as absent', () => {
    expect(loadConfig(schema, { ...good, LEVEL: '' }).LEVEL).toBe('low');
    expect(problemOf({ ...good, TOKEN: '' })).toMatch(/TOKEN: /);
  });

  it('reads a variable from the file that is named instead, without the line end', () => {
    const file = path.join(folder, 'token');
    writeFileSync(file, 'from the file\n');
    expect(loadConfig(schema, { ...good, TOKEN: undefined, TOKEN_FILE: file }).TOKEN).toBe('from the file');
  });

  it('leaves a variable alone whose own name ends like that', () => {
    expect(loadConfig(schema, { ...good, KEY_FILE: '/nowhere' }).KEY_FILE).toBe('/nowhere');
    expect(loadConfig(schema, { ...good, UNKNOWN_FILE: '/nowhere' })).toMatchObject({ TOKEN: 'long enough' });
  });

  it('names a file that cannot be read beside everything else that is wrong', () => {
    const problem = problemOf({ URL: 'no url', PORT: '80', TOKEN_FILE: path.join(folder, 'missing') });
    expect(problem).toMatch(/TOKEN_FILE: the file ".*missing" cannot be read; URL: /);
    expect(problem).not.toMatch(/TOKEN: /);
    expect(problemOf({ ...good, TOKEN_FILE: folder })).toMatch(/TOKEN_FILE: /);
  });

  it('of every service has a server and sensible defaults', () => {
    expect(loadConfig(serviceConfigSchema, { NATS_URL: 'nats://127.0.0.1:4222' })).toMatchObject({ LOG_LEVEL: 'info', HEALTH_HOST: '127.0.0.1', HEALTH_PORT: 0 });
    expect(() => loadConfig(serviceConfigSchema, {})).toThrow(/NATS_URL/);
  });
});
