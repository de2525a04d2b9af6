import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const manifest = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../../../docs/guides/examples/slack-manifest.json'), 'utf8')) as { features: { slash_commands: { url: string }[] }; oauth_config: { scopes: { bot: string[] } }; settings: { interactivity: { request_url: string } } };

/** Scopes that each method needs (https://docs.slack.dev/reference/methods). */
const scopesOf: Readonly<Record<string, readonly string[]>> = {
  'auth.test': [], 'bots.info': ['users:read'], 'chat.postMessage': ['chat:write'], 'chat.update': ['chat:write'], 'conversations.open': ['im:write'], 'views.open': [],
  'conversations.history': ['channels:history', 'groups:history', 'im:history'], 'conversations.replies': ['channels:history', 'groups:history', 'im:history'],
};

const sources = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.ts') && !name.includes('.spec.') && !name.includes('.fixture.')).map((name) => readFileSync(path.join(import.meta.dirname, name), 'utf8')).join('\n');

describe('the manifest that the guide shows', () => {
  it('asks for the scopes of the methods that are called, and for no others', () => {
    const called = [...new Set([...sources.matchAll(/'((?:auth|bots|chat|conversations|views)\.[a-zA-Z]+)'/g)].map(([, method = '']) => method))].sort();
    expect(called).toEqual(Object.keys(scopesOf).sort());
    expect([...manifest.oauth_config.scopes.bot].sort()).toEqual([...new Set(['commands', ...called.flatMap((method) => scopesOf[method] ?? [])])].sort());
  });

  it('sends presses and commands to the one address of the channel', () => {
    expect(manifest.features.slash_commands.map(({ url }) => url)).toEqual([manifest.settings.interactivity.request_url]);
    expect(manifest.settings.interactivity.request_url).toMatch(/^https:\/\/[^/]+\/channels\/callbacks\/REPLACE$/);
  });
});
